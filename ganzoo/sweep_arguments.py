"""The arguments of ``ganzoo.sweep``, as the runs of a sweep or as a search."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.arguments import resolve_run, settings_for
from ganzoo.errors import RequestError
from ganzoo.objects import Objects, component_of
from ganzoo.registry import PYTHON_OBJECTS
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS
from ganzoo.sweeps.comparable import evaluated, require_comparable_runs
from ganzoo.sweeps.naming import title
from ganzoo.sweeps.sweep import require_one_process
from ganzoo.sweeps.trial import Trial, trials

if TYPE_CHECKING:
    from ganzoo.sweeps.halving import Halving, HalvingRequest
    from ganzoo.sweeps.search import Search

    Files = str | Path | Sequence[str | Path]


def combined(
    values: Mapping[str, Any],
    added: Mapping[str, Any],
    recipe: str | None,
    plugins: Files,
    *,
    processes: int,
    halves: HalvingRequest | None = None,
) -> tuple[list[Trial], str, Callable[[Trial], Run], Halving | None]:
    """The runs of all combinations, the title of their sweep, the resolved runs, and the rungs.

    ``values`` are the three main components by kind, and settings by dotted key. Raises
    RequestError if a run is not possible.
    """
    runs, differs = [], []
    for chosen, differing in _combinations(values):
        components = {kind: chosen.pop(kind) for kind in MAIN_KINDS} | {**added}
        if halves:
            settings, known = settings_for(Objects(), components, recipe, plugins, [chosen])
            run = evaluated(settings, partial(Run.resolve, registry=known), halves.metric)
        else:
            run = resolve_run(Objects(), components, recipe, plugins, [chosen])
        require_one_process(run)
        if processes > 1:
            _require_no_objects(run, f"workers={processes}")
        runs.append(run)
        differs.append(differing)
    new = trials(differs, runs)
    by_name = {trial.name: run for trial, run in zip(new, runs, strict=True)}
    if halves:
        require_comparable_runs(runs)
    halving = halves.planned(len(runs), runs) if halves else None
    return new, title(runs), lambda trial: by_name[trial.name], halving


def searched(
    values: Mapping[str, Any],
    added: Mapping[str, Any],
    recipe: str | None,
    plugins: Files,
    sampler: str,
    count: int,
    halves: HalvingRequest | None = None,
) -> tuple[Search, str, Halving | None]:
    """The search of these lists and ranges for the best run, the title of its sweep, and its rungs.

    Raises RequestError if a value of the space is not valid.
    """
    from ganzoo.sweeps.search_plan import plan
    from ganzoo.sweeps.space import looks_like_range

    lists, shared = {}, {}
    for key, value in values.items():
        if isinstance(value, list) and len(value) > 1:
            lists[key] = [_as_setting(key, each, sampler) for each in value]
        elif isinstance(value, str) and looks_like_range(value):
            lists[key] = [value]
        else:
            shared[key] = value[0] if isinstance(value, list) else value
    components = {kind: shared.pop(kind, None) for kind in MAIN_KINDS} | {**added}
    settings, known = settings_for(Objects(), components, recipe, plugins, [shared])
    resolve, metric = partial(Run.resolve, registry=known), halves.metric if halves else None
    found, run = plan(settings, lists, resolve, sampler, count, metric)
    require_one_process(run)
    _require_no_objects(run, f'search="{sampler}"')
    halving = halves.planned(count, [run]) if halves else None
    return found, f"{title([run])}-{sampler}", halving


def _combinations(values: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Every combination of the values in lists; the first list changes most slowly.

    With each combination, the values of the lists that have several, as text by key.
    """
    axes = {key: value if isinstance(value, list) else [value] for key, value in values.items()}
    for combination in itertools.product(*axes.values()):
        chosen = dict(zip(axes, combination, strict=True))
        yield chosen, {key: _as_text(key, v) for key, v in chosen.items() if len(axes[key]) > 1}


def _as_text(key: str, value: object) -> str:
    if key in MAIN_KINDS and not isinstance(value, str):
        return component_of(key, value).name
    return str(value)


def _as_setting(key: str, value: object, sampler: str) -> str:
    """A value as it is written on the command line."""
    if key in MAIN_KINDS and not isinstance(value, str):
        raise _is_object(key, f'search="{sampler}"')
    return value if isinstance(value, str) else json.dumps(value)


def _require_no_objects(run: Run, what: str) -> None:
    """Raise RequestError if a component is an object, which other processes cannot have."""
    for section, part in run.components.items():
        if part.entry.plugin == PYTHON_OBJECTS:
            raise _is_object(section, what)


def _is_object(section: str, what: str) -> RequestError:
    return RequestError(
        f"{section} is a Python object, which other processes do not have: leave out {what}, or "
        "put it into a plugin file"
    )

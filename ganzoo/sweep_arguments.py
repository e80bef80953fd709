"""The arguments of ``ganzoo.sweep``, as a sweep of combinations or as a search."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ganzoo.arguments import RunArguments
from ganzoo.errors import RequestError
from ganzoo.objects import component_of
from ganzoo.registry import PYTHON_OBJECTS
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS, Settings
from ganzoo.sweeps.halving import HalvingRequest
from ganzoo.sweeps.new_sweep import NewSweep, run_of_sweep
from ganzoo.sweeps.space import looks_like_range


def combined(
    values: Mapping[str, Any],
    shared: RunArguments,
    *,
    processes: int,
    halves: HalvingRequest | None = None,
) -> NewSweep:
    """The sweep of all combinations.

    ``values`` are the three main components by kind, and settings by dotted key; ``shared`` has the
    other arguments. Raises RequestError if a run is not possible.
    """
    runs, differs = [], []
    for chosen, differing in _combinations(values):
        main = {kind: chosen.pop(kind) for kind in MAIN_KINDS}
        settings, known = shared.with_values(main, chosen).opening().settings()
        run = run_of_sweep(settings, partial(Run.resolve, registry=known), halves)
        if processes > 1:
            _require_no_objects(run, f"workers={processes}")
        runs.append(run)
        differs.append(differing)
    return NewSweep.of_runs(runs, differs, halves)


def searched(
    values: Mapping[str, Any],
    shared: RunArguments,
    sampler: str,
    count: int,
    halves: HalvingRequest | None = None,
) -> NewSweep:
    """The search of these lists and ranges for the best run; the arguments are as for ``combined``.

    Raises RequestError if a value of the space is not valid.
    """
    lists, others = {}, {}
    for key, value in values.items():
        if isinstance(value, list) and len(value) > 1:
            lists[key] = [_as_setting(key, each, sampler) for each in value]
        elif isinstance(value, str) and looks_like_range(value):
            lists[key] = [value]
        else:
            others[key] = value[0] if isinstance(value, list) else value
    main = {kind: others.pop(kind, None) for kind in MAIN_KINDS}
    settings, known = shared.with_values(main, others).opening().settings()

    def resolve(settings: Settings) -> Run:
        run = Run.resolve(settings, known)
        _require_no_objects(run, f'search="{sampler}"')
        return run

    return NewSweep.of_search(settings, lists, resolve, sampler, count, halves)


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

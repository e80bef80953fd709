"""Plans a search: checks its space, and how its runs are evaluated, before anything is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ganzoo.components import MetricSpec
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import Goal
from ganzoo.run import Run
from ganzoo.settings import Settings, explain
from ganzoo.sweeps.comparable import evaluated, require_comparable
from ganzoo.sweeps.search import Search, require_sampler, with_texts
from ganzoo.sweeps.space import Choice, Dimension, Range, looks_like_range, number_field
from ganzoo.sweeps.study import require_optuna

_MOST_COMBINATIONS = 100
"""So many combinations of the lists of a space are checked; of more, each value once."""


def plan(
    shared: Settings,
    lists: Mapping[str, Sequence[str]],
    resolve: Callable[[Settings], Run],
    sampler: str,
    trials: int,
    metric: str | None = None,
) -> tuple[Search, Run]:
    """The search with these lists and ranges, and the run with the first value of each.

    ``shared`` are the settings of all runs. A list of one text is a range. ``metric`` is that of a
    sweep that halves.

    Raises RequestError if a value of the space is not valid, or if the runs have no metric in
    common by which they can be compared.
    """
    require_sampler(sampler)
    require_optuna(sampler)
    space, shared = _space(shared, lists, resolve)
    if not space:
        raise RequestError(
            f"--search {sampler}: write a range, such as train.generator.lr=1e-5..1e-2, or a list"
        )
    require_comparable(space, "a search")
    first = {key: each.ends[0] for key, each in space.items()}
    run = evaluated(shared, lambda settings: resolve(with_texts(settings, first)), metric)
    for texts in _corners(space):
        _check(shared, texts, resolve)
    assert run.evaluate.best is not None
    goal = _goal(run, run.evaluate.best)
    settings = _as_validated(shared, run)
    return Search(sampler, trials, run.seed, run.evaluate.best, goal, space, settings), run


def _space(
    shared: Settings, lists: Mapping[str, Sequence[str]], resolve: Callable[[Settings], Run]
) -> tuple[dict[str, Dimension], Settings]:
    """The space, and the shared settings with the texts that only look like ranges."""
    ranges = {key: texts[0] for key, texts in lists.items() if len(texts) == 1}
    assert all(map(looks_like_range, ranges.values()))
    run = resolve(with_texts(shared, {k: t[0] for k, t in lists.items() if k not in ranges}))
    space: dict[str, Dimension] = {}
    plain: dict[str, str] = {}
    for key, texts in lists.items():
        if key not in ranges:
            space[key] = Choice(tuple(dict.fromkeys(texts)))
        elif field := number_field(run, key):
            space[key] = Range.of(key, ranges[key], field)
        else:
            plain[key] = ranges[key]
    settled = with_texts(shared, plain)
    if plain:
        resolve(with_texts(settled, {key: each.ends[0] for key, each in space.items()}))
    return space, settled


def _corners(space: Mapping[str, Dimension]) -> Iterator[dict[str, str]]:
    """Combinations of the values of lists, each with the lower and the upper ends of all ranges."""
    choices = {key: each.values for key, each in space.items() if isinstance(each, Choice)}
    for end in (0, -1):
        ends = {key: each.ends[end] for key, each in space.items()}
        for chosen in _combinations(choices):
            yield {**ends, **chosen}


def _combinations(choices: Mapping[str, Sequence[str]]) -> Iterable[dict[str, str]]:
    every = itertools.product(*choices.values())
    some = [dict(zip(choices, values, strict=True)) for values in _first(every)]
    if len(some) <= _MOST_COMBINATIONS:
        return some
    first = {key: values[0] for key, values in choices.items()}
    return [{**first, key: value} for key, values in choices.items() for value in values]


def _first(every: Iterable[Any]) -> Iterable[Any]:
    return itertools.islice(every, _MOST_COMBINATIONS + 1)


def _check(shared: Settings, texts: Mapping[str, str], resolve: Callable[[Settings], Run]) -> None:
    try:
        resolve(with_texts(shared, texts))
    except RequestError as error:
        values = " ".join(f"{key}={text}" for key, text in texts.items())
        raise RequestError(f"{error} (with {values})") from error


def _goal(run: Run, best: str) -> Goal:
    """Which values of the metric are better."""
    metric = run.metrics[best.partition("/")[0]].entry.component
    assert isinstance(metric, MetricSpec)
    return metric.goal


def _as_validated(shared: Settings, run: Run) -> dict[str, Any]:
    """The shared settings by dotted key, as the run has them: paths are absolute."""
    valid = {key: value for key, value, _ in explain(run.tree(), {})}
    return {key: valid.get(key, value) for key, value, _ in explain(shared.values, {})}

"""The tables of ``ganzoo sweep``: what will be trained, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ganzoo.cli.table import table
from ganzoo.comparison import rung_cells
from ganzoo.sweeps.naming import describe, short_keys
from ganzoo.sweeps.new_sweep import NewSweep
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.sweep_file import plain_plan
from ganzoo.sweeps.trial import Result, Trial


def print_plan(new: NewSweep, as_json: bool) -> None:
    """Print what a sweep will train, before it has a folder."""
    plan, halving = new.plan, new.halving
    if isinstance(plan, list):
        count, rows = len(plan), trial_table(plan)
    else:
        count, rows = plan.trials, search_table(plan)
    if as_json:
        plain = plain_plan(plan, halving)
        only_trials = isinstance(plan, list) and not halving
        print(json.dumps(plain["trials"] if only_trials else plain, indent=2))
        return
    print(*table(rows), sep="\n")
    if halving:
        print(f"halved by {halving.metric}: {halving.describe(count)}")


def trial_table(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """The rows of all runs of a sweep, before it is trained."""
    rows = [(str(n), trial.name, *trial.differs.values()) for n, trial in enumerate(trials, 1)]
    return [("run", "folder", *short_keys(trials[0].differs)), *rows]


def search_table(search: Search) -> list[tuple[str, ...]]:
    """The rows of the space of a search, its metric and its number of runs."""
    goal = {"low": "lowest", "high": "highest", "real": "nearest to the baseline"}[search.goal]
    return [
        ("setting", "values"),
        *((key, str(each)) for key, each in search.space.items()),
        ("runs", f"{search.trials}, chosen by {search.sampler}"),
        ("best", f"{search.metric}, {goal}"),
    ]


def result_table(results: Sequence[Result], sweep: Sweep) -> list[str]:
    """The lines of a table with the headings and one row per run; unknown values are a dash."""
    return list(table(list(_rows(results, sweep)))) if results else ["no run has begun"]


def best_line(results: Sequence[Result], sweep: Sweep) -> str:
    """The best run of a search, or of the last rung; empty without them."""
    if sweep.rungs:
        return _best_of_rungs(results)
    search = sweep.search
    found = [(result.best, result) for result in results if result.best is not None]
    if not search or not found:
        return ""
    value, best = (max if search.maximizes else min)(found, key=lambda each: each[0])
    return f"best: run {best.number}, {search.metric} {value:.4g}: {describe(best.differs)}"


def _best_of_rungs(results: Sequence[Result]) -> str:
    """The run that is first in the last rung, once all of its runs have ended."""
    from ganzoo.sweeps.naming import describe

    found = [result for result in results if result.rungs and result.rungs[-1].is_best]
    if not found:
        return ""
    best = found[0]
    return f"best: run {best.number}, {best.rungs[-1]}: {describe(best.differs)}"


def _rows(results: Sequence[Result], sweep: Sweep) -> Iterator[list[str]]:
    search = None if sweep.rungs else sweep.search
    rungs = range(1, max(len(result.rungs) for result in results) + 1)
    scalars = list(dict.fromkeys(name for result in results for name in result.scalars))
    differing = short_keys(results[0].differs)
    best = [f"best {search.metric}"] if search else []
    best += [f"rung {number}" for number in rungs]
    yield ["run", *differing, "steps done", "images seen", "images/s", *scalars, *best, "state"]
    for result in results:
        progress = (result.steps, result.images_seen, result.images_per_second)
        yield [
            str(result.number),
            *result.differs.values(),
            *("-" if value is None else f"{value:.0f}" for value in progress),
            *(f"{result.scalars[name]:.4g}" if name in result.scalars else "-" for name in scalars),
            *(["-" if result.best is None else f"{result.best:.4g}"] if search else []),
            *rung_cells(result.rungs, len(rungs)),
            result.state,
        ]

"""The arguments of ``ganzoo sweep``, as the runs of a sweep or as a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ganzoo.cli.combinations import Combination, axes, combinations
from ganzoo.cli.request import Arguments, Request

if TYPE_CHECKING:
    from ganzoo.run import Run
    from ganzoo.sweeps.halving import Halving, HalvingRequest
    from ganzoo.sweeps.search import Search
    from ganzoo.sweeps.trial import Trial


def plan_combinations(
    arguments: Arguments, request: Request, trials: int | None, halves: HalvingRequest | None
) -> tuple[list[Trial], str, Callable[[Trial], Run], Halving | None]:
    """The runs of all combinations, the title of the sweep, the resolved runs, and the rungs.

    Raises RequestError if a run is not possible.
    """
    from ganzoo.errors import RequestError
    from ganzoo.sweeps.comparable import require_comparable_runs
    from ganzoo.sweeps.naming import title
    from ganzoo.sweeps.space import names_range
    from ganzoo.sweeps.trial import trials as trials_of

    if trials is not None:
        raise RequestError("--trials is the number of runs of a search: add --search tpe")
    chosen = combinations(arguments)
    for axis in axes(arguments):
        if any(map(names_range, axis.values)):
            text = ",".join(axis.values)
            raise RequestError(f"{axis.key}={text} is a range: write a list, or add --search tpe")
    runs = _resolve(chosen, request, halves.metric if halves else None)
    if halves:
        require_comparable_runs(runs)
    new = trials_of([combination.differs for combination in chosen], runs)
    by_name = {trial.name: run for trial, run in zip(new, runs, strict=True)}
    halving = halves.planned(len(runs), runs) if halves else None
    return new, title(runs), lambda trial: by_name[trial.name], halving


def plan_search(
    arguments: Arguments,
    request: Request,
    sampler: str,
    trials: int | None,
    halves: HalvingRequest | None,
) -> tuple[Search, str, Halving | None]:
    """The search that these arguments describe, the title of the sweep, and its rungs.

    Raises RequestError if a value of its space is not valid.
    """
    from ganzoo.run import Run
    from ganzoo.sweeps.naming import title
    from ganzoo.sweeps.search import TRIALS
    from ganzoo.sweeps.search_plan import plan
    from ganzoo.sweeps.space import looks_like_range
    from ganzoo.sweeps.sweep import require_one_process

    lists: dict[str, list[str]] = {}
    shared: list[str] = []
    for axis in axes(arguments):
        if len(axis.values) > 1 or looks_like_range(axis.values[0]):
            lists[axis.key] = axis.values
        else:
            shared.append(f"{axis.prefix or f'{axis.key}='}{axis.values[0]}")
    of_all = Arguments(arguments.files, (), tuple(shared))
    settings, known = request.settings(of_all, {})
    resolve = partial(Run.resolve, registry=known)
    metric = halves.metric if halves else None
    found, run = plan(settings, lists, resolve, sampler, trials or TRIALS, metric)
    require_one_process(run)
    halving = halves.planned(found.trials, [run]) if halves else None
    return found, f"{title([run])}-{sampler}", halving


def _resolve(chosen: Sequence[Combination], request: Request, metric: str | None) -> list[Run]:
    """The run of each combination.

    Raises RequestError for the first one that is not possible, with its number and values.
    """
    from ganzoo.errors import RequestError
    from ganzoo.run import Run
    from ganzoo.sweeps.comparable import evaluated
    from ganzoo.sweeps.naming import describe
    from ganzoo.sweeps.sweep import require_one_process

    runs = []
    for number, (arguments, differs) in enumerate(chosen, 1):
        try:
            settings, known = request.settings(arguments, {})
            resolve = partial(Run.resolve, registry=known)
            run = evaluated(settings, resolve, metric) if metric else resolve(settings)
            require_one_process(run)
        except RequestError as error:
            where = f" (in run {number}: {describe(differs)})" if differs else ""
            raise RequestError(f"{error}{where}") from error
        runs.append(run)
    return runs

"""The arguments of ``ganzoo sweep``, as a sweep of combinations or as a search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ganzoo.cli.combinations import Combination, axes, combinations
from ganzoo.cli.request import Arguments, Request
from ganzoo.errors import RequestError, UnnamedComponent
from ganzoo.run import Run
from ganzoo.sweeps.halving import HalvingRequest
from ganzoo.sweeps.naming import describe
from ganzoo.sweeps.new_sweep import NewSweep, run_of_sweep
from ganzoo.sweeps.search import TRIALS
from ganzoo.sweeps.space import looks_like_range, names_range


def plan_combinations(
    arguments: Arguments, request: Request, trials: int | None, halves: HalvingRequest | None
) -> NewSweep:
    """The sweep of all combinations.

    Raises RequestError if a run is not possible.
    """
    if trials is not None:
        raise RequestError("--trials is the number of runs of a search: add --search tpe")
    chosen = combinations(arguments)
    for axis in axes(arguments):
        if any(map(names_range, axis.values)):
            text = ",".join(axis.values)
            raise RequestError(f"{axis.key}={text} is a range: write a list, or add --search tpe")
    runs = _resolve(chosen, request, halves)
    return NewSweep.of_runs(runs, [combination.differs for combination in chosen], halves)


def plan_search(
    arguments: Arguments,
    request: Request,
    sampler: str,
    trials: int | None,
    halves: HalvingRequest | None,
) -> NewSweep:
    """The search that these arguments describe.

    Raises RequestError if a value of its space is not valid.
    """
    lists: dict[str, list[str]] = {}
    shared: list[str] = []
    names: tuple[str, ...] = ()
    for axis in axes(arguments):
        if len(axis.values) > 1 or looks_like_range(axis.values[0]):
            lists[axis.key] = axis.values
        elif axis.key == "dataset" and not axis.prefix:  # it may be a path
            names = (axis.values[0],)
        else:
            shared.append(f"{axis.prefix or f'{axis.key}='}{axis.values[0]}")
    of_all = Arguments(arguments.files, names, tuple(shared))
    settings, known = request.settings(of_all, {})
    resolve = partial(Run.resolve, registry=known)
    return NewSweep.of_search(settings, lists, resolve, sampler, trials or TRIALS, halves)


def _resolve(
    chosen: Sequence[Combination], request: Request, halves: HalvingRequest | None
) -> list[Run]:
    """The run of each combination.

    Raises RequestError for the first one that is not possible, with its number and values.
    """
    runs = []
    for number, (arguments, differs) in enumerate(chosen, 1):
        try:
            settings, known = request.settings(arguments, {})
            runs.append(run_of_sweep(settings, partial(Run.resolve, registry=known), halves))
        except UnnamedComponent:  # the same in all runs
            raise
        except RequestError as error:
            where = f" (in run {number}: {describe(differs)})" if differs else ""
            raise RequestError(f"{error}{where}") from error
    return runs

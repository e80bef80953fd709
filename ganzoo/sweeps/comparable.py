"""What runs need so that they can be compared by a metric: the same images and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError
from ganzoo.run import Run
from ganzoo.settings import Settings, explain

AT_THE_END = "1000000 epochs"
"""The interval between evaluations of runs that are evaluated only where they end."""

_OF_IMAGES = {"data.classes", *(f"data.{name}" for name in Preparation.model_fields)}
_OF_MEASURE = ("dataset", "evaluate", "metrics", "extractor")


def evaluated(
    settings: Settings, resolve: Callable[[Settings], Run], metric: str | None = None
) -> Run:
    """The run of these settings, which get an evaluation, by one metric unless they name some.

    ``metric`` is the one that is needed, by default that of the best checkpoint. None of the
    settings that are added changes the weights.

    Raises RequestError if the run has no such metric.
    """
    run = resolve(settings)
    if metric is not None:
        run = _with_best(settings, resolve, run, metric)
    if run.evaluate.every is None:
        settings.set("evaluate.every", AT_THE_END, "the sweep")
        run = resolve(settings)
    best = run.evaluate.best
    if best is None:
        raise RequestError("no metric says which run is best: name one with evaluate.best=METRIC")
    if run.origins.get("evaluate.metrics") == "auto":
        settings.set("evaluate.metrics", [best.partition("/")[0]], "the sweep")
    settings.set("evaluate.best", best, "the sweep")
    return resolve(settings)


def _with_best(
    settings: Settings, resolve: Callable[[Settings], Run], run: Run, metric: str
) -> Run:
    named = run.origins.get("evaluate.best", "auto") != "auto"
    if named and run.evaluate.best != metric:
        raise RequestError(
            f"--halve {metric} also chooses the best checkpoint: remove evaluate.best="
            f"{run.evaluate.best}"
        )
    settings.set("evaluate.best", metric, f"--halve {metric}")
    try:
        return resolve(settings)
    except RequestError as error:
        raise RequestError(f"--halve {metric}: {error}") from error


def require_comparable(keys: Iterable[str], what: str) -> None:
    """Raise RequestError if values of these settings make runs that cannot be compared."""
    for key in keys:
        if key in _OF_IMAGES or key.partition(".")[0] in _OF_MEASURE:
            raise RequestError(
                f"{key}: the runs of {what} are compared by a metric, which needs the same images "
                "and the same evaluation: give it one value"
            )


def require_comparable_runs(runs: Sequence[Run]) -> None:
    """Raise RequestError if these runs differ in their images or their evaluation."""
    flat = [{key: value for key, value, _ in explain(run.tree(), {})} for run in runs]
    keys = dict.fromkeys(key for each in flat for key in each)
    differ = (key for key in keys if any(each.get(key) != flat[0].get(key) for each in flat))
    require_comparable(differ, "a sweep with --halve")

"""The settings ``evaluate`` of a run: checked against its metrics, and completed by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.components import ComponentSpec, MetricSpec
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.settings import Settings


def has_evaluations(settings: Settings) -> bool:
    """Whether the run is evaluated while it trains."""
    return _section(settings).get("every") is not None


def check_best(settings: Settings, metrics: Sequence[str]) -> None:
    """Raise RequestError if ``evaluate.best`` cannot be a value of these metrics.

    The names of the values themselves are checked when the metrics are tried, before a run begins.
    """
    best = _section(settings).get("best")
    metric = str(best).partition("/")[0]
    if best is not None and metric not in metrics:
        known = did_you_mean(metric, metrics) or f"; there are {', '.join(metrics) or 'none'}"
        raise RequestError(f"evaluate.best={best}: no metric of the run has this value{known}")


def check_patience(settings: Settings) -> None:
    """Raise RequestError if ``evaluate.patience`` has no evaluations, or no metric to compare."""
    evaluate = _section(settings)
    if evaluate.get("patience") is None:
        return
    if not has_evaluations(settings):
        raise RequestError(
            "evaluate.patience counts evaluations, but there are none: write evaluate.every=1000"
        )
    if not evaluate.get("best"):
        raise RequestError(
            "evaluate.patience: no metric of the run chooses its best checkpoint: write "
            "evaluate.best=NAME"
        )


def keep_choices(settings: Settings, metrics: Mapping[str, ComponentSpec]) -> None:
    """Store the metrics of a run, and the one of its best checkpoint, if it does not name them.

    So they stay the same when plugins are installed or removed.
    """
    chosen: dict[str, Any] = {"evaluate.metrics": list(metrics)}
    specs = {name: spec for name, spec in metrics.items() if isinstance(spec, MetricSpec)}
    low = {name: spec.preference for name, spec in specs.items() if spec.goal == "low"}
    chosen["evaluate.best"] = max(low, key=lambda name: low[name], default=None)
    for key, value in chosen.items():
        if value and not _section(settings).get(key.partition(".")[2]):
            settings.set(key, value, "auto")


def _section(settings: Settings) -> dict[str, Any]:
    section = settings.values.get("evaluate")
    return section if isinstance(section, dict) else {}

"""An observer that calls a function with the numbers of each report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ganzoo.evaluation.record import EvaluationResult
from ganzoo.observers.observer import Observer

OnReport = Callable[[int, Mapping[str, float]], object]
"""A function of the step and the numbers of a report or an evaluation, by name."""


class Callback(Observer):
    """Calls ``on_report(step, scalars)`` for each line of ``metrics.jsonl``."""

    def __init__(self, on_report: OnReport) -> None:
        self._on_report = on_report

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Call the function with the report's numbers."""
        self._on_report(step, scalars)

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Call the function with the evaluation's metrics."""
        self._on_report(found.step, {"images_seen": found.images_seen, **found.scalars})

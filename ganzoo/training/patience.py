"""Ends a run whose evaluations do not improve anymore (Prechelt 1998, Early Stopping)."""

from __future__ import annotations

from ganzoo.evaluation.record import (
    EvaluationResult,
    Score,
    comparable_results,
    is_better,
    selection_metric,
)
from ganzoo.observers.observer import ObservedRun, Observer
from ganzoo.sections import EvaluateOptions


class Patience(Observer):
    """Ends a run after ``evaluate.patience`` evaluations in a row without a new best one.

    The metric is the one that chooses the best checkpoint. Evaluations before a resume count,
    because they are read from ``evaluations.jsonl``. A run that was ended trains on when it is
    resumed, until as many evaluations again have not improved it.
    """

    def __init__(self, options: EvaluateOptions, *, run: ObservedRun) -> None:
        assert options.patience
        assert options.best
        self._patience, self._metric, self._run = options.patience, options.best, run
        found = EvaluationResult.read(run.folder.evaluations)
        self._found = [each for each in found if each.step <= run.step]

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """End the run if this evaluation was the last one to wait for."""
        self._found.append(found)
        name = selection_metric(found.scores, self._metric)
        if name is None:
            return
        waited = evaluations_since_best(self._found, name)
        # A multiple, so that a run that was ended and is resumed trains on.
        if waited and waited % self._patience == 0:
            self._run.stop(f"{name} has not improved for {waited} evaluations")

    def on_rollback(self, step: int) -> None:
        """Forget the evaluations of later steps, which will be repeated."""
        self._found = [each for each in self._found if each.step <= step]


def evaluations_since_best(results: list[EvaluationResult], name: str) -> int:
    """The number of evaluations after the best one, by the value ``name``.

    Those that cannot be compared with the last one, of another number of images for example, do not
    count. Of several of one step, the last one does.
    """
    best: Score | None = None
    waited = 0
    for each in comparable_results(results, name):
        score = each.scores[name]
        improved = is_better(score, best.value if best else None)
        best, waited = (score, 0) if improved else (best, waited + 1)
    return waited

"""An observer that ends a training without progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import EvaluationResult, ObservedRun, Observer, Score

if TYPE_CHECKING:
    from ganzoo_patience import PatienceOptions


class Patience(Observer):
    """Ends the training after some evaluations in a row that are no better than the best before.

    The evaluations before a resume count, because they are read from ``evaluations.jsonl``.

    Raises ValueError if the run has no evaluations, or none with this metric.
    """

    def __init__(self, options: PatienceOptions, *, run: ObservedRun) -> None:
        evaluate = run.settings["evaluate"]
        if evaluate.get("every") is None:
            raise ValueError("patience needs evaluations: write evaluate.every=1000")
        self._options, self._run = options, run
        self._metric = options.metric or evaluate["best"]
        self._distances: dict[int, float] = {}
        """By step, how far the metric was from its best possible value; low is good."""
        for found in _evaluations(run.folder.evaluations):
            if found.step <= run.step:
                self._add(found)

    def on_train_start(self, step: int, steps: int) -> None:
        """End a resumed run at once if it had waited long enough before."""
        self._stop_if_no_better()

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Compare this evaluation with the best one before."""
        self._add(found)
        self._stop_if_no_better()

    def on_rollback(self, step: int) -> None:
        """Forget the evaluations of later steps, which will be repeated."""
        self._distances = {at: value for at, value in self._distances.items() if at <= step}

    def _add(self, found: EvaluationResult) -> None:
        names = [name for name in found.scores if f"{name}/".startswith(f"{self._metric}/")]
        if not names:
            raise ValueError(
                f"the evaluation has no number {self._metric}: write observe.patience.metric=NAME "
                f"with one of {', '.join(found.scores)}"
            )
        self._distances[found.step] = _distance(found.scores[names[0]])

    def _stop_if_no_better(self) -> None:
        best, waited = float("inf"), 0
        for distance in self._distances.values():
            improved = distance < best - self._options.min_change
            waited = 0 if improved else waited + 1
            best = distance if improved else best
        if waited >= self._options.evaluations:
            self._run.stop(f"{self._metric} has not improved for {waited} evaluations")


def _distance(score: Score) -> float:
    if score.goal == "real":
        return abs(score.value - (score.baseline or 0))
    return score.value if score.goal == "low" else -score.value


def _evaluations(file: Path) -> list[EvaluationResult]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [EvaluationResult.of(line) for line in lines]

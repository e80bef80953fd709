"""Evaluations during training: when they are due, and the best checkpoint."""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.errors import Stopped, in_one_line
from ganzoo.evaluation.record import ComparisonBasis, EvaluationResult, is_better, selection_metric
from ganzoo.observers.observer_list import ObserverList
from ganzoo.training.checkpoint_manager import CheckpointManager
from ganzoo.training.engine import LostProcess
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.interval import Position, is_due
from ganzoo.training.shared_blocks import SharedBlocks
from ganzoo.training.trainer import Trainer


class PeriodicEvaluation:
    """Evaluates a run when it is due; all processes generate images and compute features."""

    def __init__(
        self,
        trainer: Trainer,
        evaluation: Evaluation | None,
        checkpoints: CheckpointManager,
        observers: ObserverList,
        images_per_epoch: int,
    ) -> None:
        self.last_step = -1
        """The last step at which the run was evaluated."""
        self._trainer = trainer
        self._progress = trainer.progress
        self._images_per_epoch = images_per_epoch
        self._evaluation = evaluation
        self._checkpoints = checkpoints
        self._observers = observers
        self._shown_warnings: set[str] = set()

    @property
    def is_due(self) -> bool:
        """Whether an evaluation is due at this step and not completed."""
        every = self._trainer.run.evaluate.every
        step, images_seen = self._progress.position
        if every is None or not step or self.last_step == step:
            return False
        schedule = self._trainer.growth
        taken = schedule.at(images_seen - 1).stage.batch_size * schedule.batches_per_step
        before = Position(step - 1, images_seen - taken)
        at_end = step in (self._progress.end_step, self._progress.total_steps)
        now = Position(step, images_seen)
        return at_end or is_due(every, before, now, self._images_per_epoch)

    def forget_after(self, step: int) -> None:
        """Evaluate again after a rollback to ``step``."""
        self.last_step = min(self.last_step, step)

    def evaluate(self, stopping: Callable[[], bool]) -> None:
        """Measure the EMA generator, and save this step's checkpoint if it is the best.

        A request to stop postpones the evaluation until the run is resumed. An error is reported
        and does not end the run, unless another process was lost.
        """
        assert self._evaluation, "evaluate.every is set"
        engine, ema = self._trainer.setup.engine, self._trainer.ema
        blocks = self._evaluation.blocks_of(ema.generator, engine)
        completed, new_best = True, None
        if engine.is_main:
            try:
                evaluated = self._evaluate(self._evaluation, blocks, stopping)
                new_best = evaluated and self._new_best(evaluated)
            except Stopped:
                completed = False
            except LostProcess:
                raise
            except Exception as error:  # noqa: BLE001 - an evaluation must not end a run
                self._warn(f"the evaluation failed: {in_one_line(error)}")
        else:
            ema.update_batch_statistics()
            blocks.help(lambda what, done, total: _raise_if(stopping()))
        completed, new_best = engine.broadcast((completed, new_best))
        if completed:
            self.last_step = self._progress.step
        if new_best:
            self._checkpoints.save_best(*new_best)

    def _evaluate(
        self, evaluation: Evaluation, blocks: SharedBlocks, stopping: Callable[[], bool]
    ) -> EvaluationResult | None:
        """The result, if any metric succeeded; raises Stopped on a request to stop."""

        def progress(what: str, done: int, total: int) -> None:
            self._observers.report_progress(what, done, total)
            _raise_if(stopping())

        ema, setup = self._trainer.ema, self._trainer.setup
        failures: dict[str, dict[str, None]] = {}

        def failed(metric: str, error: Exception) -> None:
            if isinstance(error, LostProcess):
                raise error
            failures.setdefault(in_one_line(error), {})[metric] = None  # once for all classes

        try:
            ema.update_batch_statistics()
            step, seen = self._progress.position
            evaluated = evaluation(ema.generator, setup.point, step, seen, progress, failed, blocks)
        finally:
            blocks.end()
        for reason, names in failures.items():
            self._warn(f"{', '.join(names)} skipped: {reason}")
        if not evaluated.scores:
            return None
        self._observers.notify(lambda observer: observer.on_evaluation_end(evaluated))
        return evaluated

    def _warn(self, message: str) -> None:
        """Warn, unless the same warning was shown since the run's last start."""
        if message not in self._shown_warnings:
            self._shown_warnings.add(message)
            step = self._progress.step
            self._observers.warn(step, f"evaluation at step {step}: {message} (shown once)")

    def _new_best(self, evaluated: EvaluationResult) -> tuple[str, float, ComparisonBasis] | None:
        """Name, value and basis of the number by which this step is the best so far, or None."""
        wanted = self._trainer.run.evaluate.best
        if wanted is None:
            return None
        name = selection_metric(evaluated.scores, wanted)
        if name is None:
            self._warn(
                f"no metric returns evaluate.best={wanted} for images of {evaluated.size} pixels"
            )
            return None
        score = evaluated.scores[name]
        basis = ComparisonBasis.of(evaluated, score)
        if not is_better(score, self._checkpoints.best_value(name, basis)):
            return None
        return name, score.value, basis


def _raise_if(stopping: bool) -> None:
    if stopping:
        raise Stopped

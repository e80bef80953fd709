"""The training loop: steps, and the samples, reports, checkpoints and evaluations between them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from math import ceil

from ganzoo.errors import RequestError
from ganzoo.observers.observer_list import ObserverList
from ganzoo.setting_types import Interval
from ganzoo.training.assembly import Assembly
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_manager import CheckpointManager
from ganzoo.training.ema import Ema
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.finite_check import NonFinite
from ganzoo.training.interval import Position, is_due
from ganzoo.training.memory import memory_errors
from ganzoo.training.periodic_evaluation import PeriodicEvaluation
from ganzoo.training.recovery import Recovery
from ganzoo.training.reporting import Reporter
from ganzoo.training.trainer import Trainer

WHOLE = Fraction(1)
"""All steps of a run."""


class Outcome(Enum):
    """How training ended."""

    FINISHED = "finished"
    PAUSED = "paused after a part of its steps"
    STOPPED = "stopped on request"


class Loop:
    """Trains an assembled run to its end, or to the end of a first part of its steps."""

    def __init__(
        self,
        assembly: Assembly,
        checkpoints: Checkpoints,
        observers: ObserverList,
        evaluation: Evaluation | None = None,
        part: Fraction = WHOLE,
    ) -> None:
        run, setup, data = assembly.run, assembly.setup, assembly.batches.data
        self._run = run
        self._engine = setup.engine
        self._batches = assembly.batches
        self._images_per_epoch = len(data)
        self._observers = observers
        progress = observers.report_progress
        of_run = run.train.ema, run.seed, assembly.frequencies
        ema = Ema(setup.generator, *of_run, progress, setup.with_ema)
        self.trainer = trainer = Trainer(run, setup, assembly.growth, ema, assembly.shuffle)
        self.progress = trainer.progress
        self.checkpoints = CheckpointManager(
            trainer, data, assembly.frequencies, checkpoints, observers
        )
        self._recovery = Recovery(trainer, self.checkpoints, observers)
        self.evaluations = PeriodicEvaluation(
            trainer, evaluation, self.checkpoints, observers, self._images_per_epoch
        )
        self.reporter = Reporter(assembly, trainer, self._recovery, observers)
        self._reason_to_end = ""
        self._part = part
        self.set_total_steps()

    def set_total_steps(self) -> None:
        """Set the run's total number of steps, from ``train.steps``, ``epochs`` or ``images``.

        Raises RequestError if the part of them to train is less than one step.
        """
        train, (step, seen) = self._run.train, self.progress.position
        images: float | None = train.images
        if train.epochs is not None:
            images = train.epochs * self._images_per_epoch
        steps = train.steps
        if images is not None:
            steps = step + self.trainer.growth.steps(images, seen)
        self.trainer.set_total_steps(steps)
        if steps * self._part < 1:
            raise RequestError(f"{steps} steps are too few to evaluate the run after {self._part}")
        self.progress.end_step = ceil(steps * self._part)

    def end(self, reason: str) -> None:
        """End the training after the present step, and count it as finished."""
        if self.progress.step < self.progress.total_steps:
            self._reason_to_end = self._reason_to_end or reason or "an observer ended it"

    def train(self, stopping: Callable[[], bool] = lambda: False) -> Outcome:
        """Train until the last step, or until ``stopping()`` is true; then save a checkpoint.

        After a part of the steps, the run is evaluated and saved, and nothing else happens. A run
        whose last evaluation ``stopping()`` has postponed is not finished. Raises Diverged if
        a loss is no longer finite, and OSError if the last checkpoint cannot be written; earlier
        checkpoints stay.
        """
        progress = self.progress
        self._observers.notify(
            lambda observer: observer.on_train_start(progress.step, progress.end_step)
        )
        self.reporter.report_stage()
        if progress.step == 0:
            self._before_first_step()
        self.reporter.restart()
        if self.evaluations.is_due:
            self.evaluations.evaluate(stopping)
        while self._goes_on(stopping):
            before = progress.position
            try:
                with memory_errors(self._run, progress), self.trainer.setup.passes.errors():
                    self.trainer.step()
                self.after_step(before, stopping)
            except NonFinite as error:
                self._recover(error)
        if self._reason_to_end:
            message = f"the training ends before its last step: {self._reason_to_end}"
            self._observers.notify(lambda observer: observer.on_message(message))
        try:
            if not self.checkpoints.is_saved:
                self._recovery.save_checkpoint()
        except NonFinite as error:  # of an update that was not checked yet
            self._recover(error)
        if failed := self.checkpoints.save_error:
            raise OSError(f"{failed}; {self.checkpoints.newest_description()}") from failed
        if self.evaluations.is_due:  # a request to stop has postponed it
            return Outcome.STOPPED
        ended = self._engine.any(bool(self._reason_to_end))
        return Outcome.FINISHED if ended else self.outcome

    @property
    def outcome(self) -> Outcome:
        """How training has ended at the present step, unless an observer has ended it."""
        step, progress = self.progress.step, self.progress
        if step >= progress.total_steps:
            return Outcome.FINISHED
        return Outcome.PAUSED if step >= progress.end_step else Outcome.STOPPED

    def _goes_on(self, stopping: Callable[[], bool]) -> bool:
        if self.progress.step >= self.progress.end_step:
            return False
        return not self._engine.any(bool(self._reason_to_end) or stopping())

    def _before_first_step(self) -> None:
        self.reporter.draw_first()
        train = self._run.train
        # To roll back to, and so that a resumed run does not need the run that it started from.
        needed = train.on_nonfinite == "rollback" or train.init_from is not None
        if needed and not self.checkpoints.is_saved:
            self._recovery.save_checkpoint(due=True)

    def after_step(self, before: Position, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do what is due after the step from ``before``: samples, reports, checkpoints."""
        progress, run = self.progress, self._run
        self._observers.notify(
            lambda observer: observer.on_step_end(progress.step, progress.images_seen)
        )
        self.reporter.report_stage()
        last = progress.step == progress.total_steps
        if last or self._is_due(run.sample.every, before):
            with self.reporter.stopwatch.paused():
                self.reporter.draw_samples()
        if last or self._is_due(run.log.every, before):
            self.checkpoints.require_owner()
            self.reporter.report()
        permanent = self._is_due(run.checkpoint.keep_every, before)
        if permanent or self._is_due(run.checkpoint.every, before):
            with self.reporter.stopwatch.paused():
                self._recovery.save_checkpoint(due=True, permanent=permanent)
        if self.evaluations.is_due:
            with self.reporter.stopwatch.paused():
                self.evaluations.evaluate(stopping)

    def _is_due(self, every: Interval | None, before: Position) -> bool:
        if every is None:
            return False
        return is_due(every, before, self.progress.position, self._images_per_epoch)

    def _recover(self, error: NonFinite) -> None:
        """Go back to the last due checkpoint, or raise Diverged."""
        self._recovery.recover(error, self._batches.order)
        self.set_total_steps()
        self.evaluations.forget_after(self.progress.step)
        self.reporter.restart()

    def resume(self, warn: Callable[[str], None] = lambda message: None) -> None:
        """Resume from the newest undamaged checkpoint.

        Raises RequestError if there is none, or if the images or networks have another shape now.
        """
        self.checkpoints.resume(warn)
        self.set_total_steps()

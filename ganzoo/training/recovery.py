"""What happens when numbers are not finite: the run ends, or goes back to a checkpoint."""

from __future__ import annotations

import math

from ganzoo.data.order import Order
from ganzoo.observers.observer_list import ObserverList
from ganzoo.training import state
from ganzoo.training.checkpoint_manager import CheckpointManager
from ganzoo.training.finite_check import NonFinite, nonfinite_report
from ganzoo.training.trainer import Trainer

MAX_ROLLBACKS = 3
"""Rollbacks to the same checkpoint; after so many, other random numbers do not help."""


class Diverged(ArithmeticError):
    """A loss is no longer a finite number."""


class Recovery:
    """Checks that a run's numbers are finite, and rolls back if the run's policy says so."""

    def __init__(
        self, trainer: Trainer, checkpoints: CheckpointManager, observers: ObserverList
    ) -> None:
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._observers = observers
        self._policy = trainer.run.train.on_nonfinite

    def save_checkpoint(self, *, due: bool = False, permanent: bool = False) -> None:
        """Write a checkpoint of this step, unless its losses or weights are not finite.

        Raises NonFinite or Diverged then.
        """
        self._trainer.updater.finite_check.check_pending()
        self.finite_means()
        table = {k: v for k, v in self._trainer.table().items() if k != "running_means"}
        if not state.all_finite(table):
            step = self._trainer.progress.step
            raise Diverged(f"weights are no longer finite at step {step}; {self._suggestion()}")
        self._checkpoints.save(due=due, permanent=permanent)

    def finite_means(self) -> dict[str, float]:
        """The means of the scalars since the last report; raises Diverged if one is not finite."""
        means = self._trainer.running_means.means()
        for name, value in means.items():
            if not math.isfinite(value):
                step = self._trainer.progress.step
                raise Diverged(f"{name} became {value} by step {step}; {self._suggestion()}")
        return means

    def recover(self, error: NonFinite, order: Order) -> None:
        """Roll back to the last due checkpoint, with other random numbers, or end the run.

        Raises Diverged if the run ends.
        """
        self._checkpoints.require_owner()
        progress, randomness = self._trainer.progress, self._trainer.setup.randomness
        first = error.update.images_seen - error.update.batch_size
        images = order.at(max(0, first), error.update.batch_size).tolist()
        report = nonfinite_report(error, images, randomness.seed, randomness.stream)
        self._observers.notify(lambda observer: observer.on_nonfinite(report))
        if self._policy != "rollback" or progress.rollbacks == MAX_ROLLBACKS:
            raise Diverged(f"{error}; {self._suggestion()}") from error
        self._checkpoints.rollback()
        self._trainer.updater.scalars.clear()
        self._observers.notify(lambda observer: observer.on_rollback(progress.step))
        again = f"training resumes from step {progress.step} with other random numbers"
        self._observers.warn(progress.step, f"{error}: {again}")

    def _suggestion(self) -> str:
        advice = "try lower train.generator.lr and train.discriminator.lr"
        if self._policy == "raise":
            advice += ", or train.on_nonfinite=rollback"
        return f"{advice}; {self._checkpoints.newest_description()}"

"""Saving the checkpoints of a run, resuming from them, and rollback."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from ganzoo.evaluation.record import ComparisonBasis
from ganzoo.observers.observer_list import ObserverList
from ganzoo.run import Run
from ganzoo.training import snapshot
from ganzoo.training.checkpoint import Checkpoints, State, read


class CheckpointedTrainer(snapshot.SnapshotTrainer, Protocol):
    """What the checkpoint manager needs of a trainer."""

    run: Run


class CheckpointManager:
    """Saves the checkpoints of a run and restores them."""

    def __init__(
        self, trainer: CheckpointedTrainer, checkpoints: Checkpoints, observers: ObserverList
    ) -> None:
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._observers = observers
        self._saved: tuple[int, int] | None = None
        """The step and the randomness stream of the newest checkpoint."""
        self.save_error: OSError | None = None
        """The error of the last save, if it failed."""

    @property
    def is_saved(self) -> bool:
        """Whether the newest checkpoint is of the current step."""
        return self._saved == (self._trainer.step, self._trainer.game.randomness.stream)

    def newest_description(self) -> str:
        """A sentence for messages: the step of the newest checkpoint."""
        if self._saved is None:
            return "there is no checkpoint yet"
        return f"the newest checkpoint is of step {self._saved[0]}"

    def save(self, *, due: bool = False, permanent: bool = False) -> None:
        """Write a checkpoint of this step; if that fails, warn and keep the ``save_error``."""
        trainer = self._trainer
        self.save_error = None
        before = trainer.rollback_step, trainer.rollbacks
        if due:
            trainer.rollback_step, trainer.rollbacks = trainer.step, 0
        if trainer.engine.is_main:
            self._observers.notify(lambda observer: observer.on_checkpoint_start())
            trainer.ema.update_batch_statistics()
            keep_step = (
                trainer.rollback_step if trainer.run.train.on_nonfinite == "rollback" else None
            )
            try:
                path = self._checkpoints.save(
                    snapshot.take(trainer), permanent=permanent, keep_step=keep_step
                )
            except OSError as error:
                self.save_error = error
                again = "the next save is at the next interval"
                self._observers.warn(trainer.step, f"{error}; {self.newest_description()}; {again}")
            else:
                self._observers.notify(lambda each: each.on_checkpoint_end(trainer.step, path))
        if trainer.engine.broadcast(self.save_error is None):
            self._saved = (trainer.step, trainer.game.randomness.stream)
        else:
            trainer.rollback_step, trainer.rollbacks = before

    def resume(
        self, warn: Callable[[str], None] = lambda message: None, newest: float = math.inf
    ) -> None:
        """Restore the newest undamaged checkpoint up to step ``newest``, the same in all processes.

        Raises RequestError if there is none, or if the images or networks have another shape now.
        """
        trainer = self._trainer
        state: State = {}
        if trainer.engine.is_main:
            state = self._checkpoints.load(warn, newest=newest, set_aside=True)
        step: int = trainer.engine.broadcast(state.get("step", 0))
        snapshot.restore(trainer, state or read(self._checkpoints.path(step)))
        can_roll_back = trainer.run.train.on_nonfinite == "rollback"
        if can_roll_back and not self._checkpoints.path(trainer.rollback_step).exists():
            trainer.rollback_step = trainer.step  # another policy has not kept it
        self._saved = (trainer.step, trainer.game.randomness.stream)

    def rollback(self) -> None:
        """Restore the last checkpoint that was due, and use the next stream of random numbers."""
        trainer = self._trainer
        stream, rollbacks = trainer.game.randomness.stream + 1, trainer.rollbacks + 1
        self.resume(
            lambda message: self._observers.warn(trainer.step, message),
            newest=trainer.rollback_step,
        )
        trainer.rollbacks = rollbacks
        trainer.game.reroll(stream)
        if trainer.engine.is_main:
            self._checkpoints.remove_after(trainer.step)

    def require_owner(self) -> None:
        """Raise LostOwnership if another process has taken over the run."""
        self._checkpoints.require_owner()

    def save_best(self, number: str, value: float, basis: ComparisonBasis) -> None:
        """Record this step's checkpoint as the best one; save it if it is not saved yet."""
        if not self.is_saved:
            self.save()
        if self.is_saved and self._trainer.engine.is_main:
            step = self._trainer.step
            try:
                self._checkpoints.mark_best(step, number, value, basis)
            except OSError as error:
                self._observers.warn(step, f"step {step} cannot be recorded as the best: {error}")

    def best_value(self, number: str, basis: ComparisonBasis) -> float | None:
        """The value of the best checkpoint by this number and basis, if there is one."""
        return self._checkpoints.best_value(number, basis)

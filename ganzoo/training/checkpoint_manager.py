"""What is kept of a run while it trains, and where it goes on from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from ganzoo.evaluation.record import Basis
from ganzoo.observers.observer_list import ObserverList
from ganzoo.run import Run
from ganzoo.training import snapshot
from ganzoo.training.checkpoint import Checkpoints, State, read


class CheckpointedTrainer(snapshot.SnapshotTrainer, Protocol):
    """A trainer, as far as its checkpoints go."""

    run: Run


class CheckpointManager:
    """Writes the checkpoints of a run, and brings it back to one of them."""

    def __init__(
        self, trainer: CheckpointedTrainer, checkpoints: Checkpoints, audience: ObserverList
    ) -> None:
        self._trainer = trainer
        self._checkpoints = checkpoints
        self._observers = audience
        self._saved: tuple[int, int] | None = None
        """The step and the stream of randomness of the newest checkpoint."""
        self.save_error: OSError | None = None
        """Why the last one could not be written, if it could not."""

    @property
    def is_saved(self) -> bool:
        """Whether the newest checkpoint is of now."""
        return self._saved == (self._trainer.step, self._trainer.game.randomness.stream)

    def newest_description(self) -> str:
        """Which the newest checkpoint is, in words."""
        if self._saved is None:
            return "there is no checkpoint yet"
        return f"the newest checkpoint is of step {self._saved[0]}"

    def save(self, *, due: bool = False, permanent: bool = False) -> None:
        """Write a checkpoint of this step.

        One that the disk does not take is told; the next one may be luckier.
        """
        trainer = self._trainer
        self.save_error = None
        before = trainer.rollback_step, trainer.rollbacks
        if due:
            trainer.rollback_step, trainer.rollbacks = trainer.step, 0
        if trainer.engine.is_main:
            self._observers.notify(lambda observer: observer.on_checkpoint_start())
            trainer.ema.update_batch_statistics()
            spare = trainer.rollback_step if trainer.run.train.on_nonfinite == "rollback" else None
            try:
                self._checkpoints.save(snapshot.take(trainer), permanent=permanent, spare=spare)
            except OSError as error:
                self.save_error = error
                again = "it is tried again when the next is due"
                self._observers.warn(trainer.step, f"{error}; {self.newest_description()}; {again}")
        if trainer.engine.broadcast(self.save_error is None):
            self._saved = (trainer.step, trainer.game.randomness.stream)
        else:
            trainer.rollback_step, trainer.rollbacks = before

    def resume(
        self, warn: Callable[[str], None] = lambda message: None, newest: float = math.inf
    ) -> None:
        """Bring the run to the newest checkpoint that is whole, of no step after ``newest``.

        All processes go on from the same. Raises RequestError if there is none, or the images or
        networks have another shape now.
        """
        trainer = self._trainer
        state: State = {}
        if trainer.engine.is_main:
            state = self._checkpoints.load(warn, newest=newest, set_aside=True)
        step: int = trainer.engine.broadcast(state.get("step", 0))
        snapshot.restore(trainer, state or read(self._checkpoints.path(step)))
        going_back = trainer.run.train.on_nonfinite == "rollback"
        if going_back and not self._checkpoints.path(trainer.rollback_step).exists():
            trainer.rollback_step = trainer.step  # the policy was another one, and kept none
        self._saved = (trainer.step, trainer.game.randomness.stream)

    def rollback(self) -> None:
        """Bring the run to its last checkpoint that was due, and on from there in another way."""
        trainer = self._trainer
        stream, rollbacks = trainer.game.randomness.stream + 1, trainer.rollbacks + 1
        self.resume(
            lambda line: self._observers.warn(trainer.step, line), newest=trainer.rollback_step
        )
        trainer.rollbacks = rollbacks
        trainer.game.reroll(stream)
        if trainer.engine.is_main:
            self._checkpoints.remove_after(trainer.step)

    def require_owner(self) -> None:
        """Raise LostOwnership if the run is another process's by now."""
        self._checkpoints.require_owner()

    def mark_best(self, number: str, value: float, basis: Basis) -> None:
        """Keep the checkpoint of this step as the best; write it if it is not there."""
        if not self.is_saved:
            self.save()
        if self.is_saved and self._trainer.engine.is_main:
            step = self._trainer.step
            try:
                self._checkpoints.mark_best(step, number, value, basis)
            except OSError as error:
                self._observers.warn(step, f"step {step} is not kept as the best: {error}")

    def best(self, number: str, basis: Basis) -> float | None:
        """The value of the best checkpoint by such a number, if there is one."""
        return self._checkpoints.best(number, basis)

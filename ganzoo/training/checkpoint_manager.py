"""Saving the checkpoints of a run, resuming from them, and rollback."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ganzoo.data.collection import Collection
from ganzoo.evaluation.record import ComparisonBasis
from ganzoo.observers.observer_list import ObserverList
from ganzoo.training import state
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import State, read
from ganzoo.training.sampling import ConditionFrequencies
from ganzoo.training.trainer import Trainer


class CheckpointManager:
    """Saves the checkpoints of a run and restores them."""

    def __init__(
        self,
        trainer: Trainer,
        data: Collection,
        frequencies: ConditionFrequencies | None,
        checkpoints: Checkpoints,
        observers: ObserverList,
    ) -> None:
        self._trainer = trainer
        self._progress = trainer.progress
        self._engine = trainer.setup.engine
        self._data = data
        self._frequencies = frequencies
        self._checkpoints = checkpoints
        self._observers = observers
        self._can_roll_back = trainer.run.train.on_nonfinite == "rollback"
        self._saved: tuple[int, int] | None = None
        """The step and the randomness stream of the newest checkpoint."""
        self.save_error: OSError | None = None
        """The error of the last save, if it failed."""

    @property
    def _position(self) -> tuple[int, int]:
        return self._progress.step, self._progress.stream

    @property
    def is_saved(self) -> bool:
        """Whether the newest checkpoint is of the current step."""
        return self._saved == self._position

    def newest_description(self) -> str:
        """A sentence for messages: the step of the newest checkpoint."""
        if self._saved is None:
            return "there is no checkpoint yet"
        return f"the newest checkpoint is of step {self._saved[0]}"

    def save(self, *, due: bool = False, permanent: bool = False) -> None:
        """Write a checkpoint of this step; if that fails, warn and keep the ``save_error``.

        Raises ProcessesDiffer if the state is not the same in all processes.
        """
        progress = self._progress
        self.save_error = None
        before = progress.rollback_step, progress.rollbacks
        if due:
            progress.rollback_step, progress.rollbacks = progress.step, 0
        self._trainer.ema.update_batch_statistics()
        if self._engine.processes > 1:
            self._engine.require_same(state.digests(self._trainer.table()))
        if self._engine.is_main:
            self._observers.notify(lambda observer: observer.on_checkpoint_start())
            keep_step = progress.rollback_step if self._can_roll_back else None
            try:
                path = self._checkpoints.save(
                    self._state(), permanent=permanent, keep_step=keep_step
                )
            except OSError as error:
                self.save_error = error
                again = "the next save is at the next interval"
                message = f"{error}; {self.newest_description()}; {again}"
                self._observers.warn(progress.step, message)
            else:
                self._observers.notify(lambda each: each.on_checkpoint_end(progress.step, path))
        if self._engine.broadcast(self.save_error is None):
            self._saved = self._position
        else:
            progress.rollback_step, progress.rollbacks = before

    def _state(self) -> State:
        """What a checkpoint contains."""
        return {
            "step": self._progress.step,
            "images_seen": self._progress.images_seen,
            **state.facts_of(self._data),
            "frequencies": self._frequencies.to_plain() if self._frequencies else None,
            "requirements": asdict(self._trainer.setup.components.requirements),
            "state": state.take(self._trainer.table()),
        }

    def resume(
        self, warn: Callable[[str], None] = lambda message: None, newest: float = math.inf
    ) -> None:
        """Restore the newest undamaged checkpoint up to step ``newest``, the same in all processes.

        Raises RequestError if there is none, or if the images or networks have another shape now.
        """
        loaded: Mapping[str, Any] = {}
        if self._engine.is_main:
            loaded = self._checkpoints.load(warn, newest=newest, set_aside=True)
        step: int = self._engine.broadcast(loaded.get("step", 0))
        loaded = loaded or read(self._checkpoints.path(step))
        state.require_same_images(self._data, dict(loaded))
        self._trainer.restore(loaded["state"])
        progress = self._progress
        if self._can_roll_back and not self._checkpoints.path(progress.rollback_step).exists():
            progress.rollback_step = progress.step  # another policy has not kept it
        self._saved = self._position

    def rollback(self) -> None:
        """Restore the last checkpoint that was due, and use the next stream of random numbers."""
        stream, rollbacks = self._progress.stream + 1, self._progress.rollbacks + 1
        self.resume(
            lambda message: self._observers.warn(self._progress.step, message),
            newest=self._progress.rollback_step,
        )
        self._progress.rollbacks = rollbacks
        self._trainer.use_stream(stream)
        if self._engine.is_main:
            self._checkpoints.remove_after(self._progress.step)

    def require_owner(self) -> None:
        """Raise LostOwnership if another process has taken over the run."""
        self._checkpoints.require_owner()

    def save_best(self, number: str, value: float, basis: ComparisonBasis) -> None:
        """Record this step's checkpoint as the best one; save it if it is not saved yet."""
        if not self.is_saved:
            self.save()
        if self.is_saved and self._engine.is_main:
            step = self._progress.step
            try:
                self._checkpoints.mark_best(step, number, value, basis)
            except OSError as error:
                self._observers.warn(step, f"step {step} cannot be recorded as the best: {error}")

    def best_value(self, number: str, basis: ComparisonBasis) -> float | None:
        """The value of the best checkpoint by this number and basis, if there is one."""
        return self._checkpoints.best_value(number, basis)

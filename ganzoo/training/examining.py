"""Evaluations while a run trains: when they are due, and the best checkpoint by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ganzoo.errors import Stopped
from ganzoo.evaluation.record import Basis, Evaluated, best, is_better
from ganzoo.observing.audience import Audience
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.interval import Position, due
from ganzoo.training.keeping import Keeper, Trained


class Examined(Trained, Protocol):
    """A trainer, as far as its evaluations go."""

    steps: int


class Examiner:
    """Has a run measured when that is due; ``evaluation`` is there in the process that does it."""

    def __init__(
        self, trainer: Examined, evaluation: Evaluation | None, keeper: Keeper, audience: Audience
    ) -> None:
        self.last = -1
        """The last step at which the run was evaluated."""
        self._trainer = trainer
        self._evaluation = evaluation
        self._keeper = keeper
        self._audience = audience

    @property
    def is_owed(self) -> bool:
        """Whether an evaluation is due at this step that was not made, or not to its end."""
        trainer, game = self._trainer, self._trainer.game
        every = trainer.run.evaluate.every
        if every is None or not trainer.step or self.last == trainer.step:
            return False
        size = game.schedule.at(game.images_seen - 1).stage.batch_size
        before = Position(
            trainer.step - 1, game.images_seen - size * trainer.run.train.critic_steps
        )
        now = Position(trainer.step, game.images_seen)
        return trainer.step == trainer.steps or due(every, before, now, len(game.batches.data))

    def examine(self, stopping: Callable[[], bool]) -> None:
        """Measure the averaged generator, and keep this step's checkpoint if it is the best.

        A request to stop puts it off until the run goes on.
        """
        trainer = self._trainer
        found = self._measured(stopping) if trainer.engine.is_main else None
        crowned = found and self._crowned(found)
        done, crowned = trainer.engine.broadcast((found is not None, crowned))
        if done:
            self.last = trainer.step
        if crowned:
            self._keeper.crown(*crowned)

    def _measured(self, stopping: Callable[[], bool]) -> Evaluated | None:
        def progress(what: str, done: int, total: int) -> None:
            self._audience.tell(lambda observer: observer.evaluating(what, done, total))
            if stopping():
                raise Stopped

        assert self._evaluation, "the settings ask for it"
        trainer, game = self._trainer, self._trainer.game
        trainer.ema.settle()
        generator, conditional = trainer.ema.generator, game.networks.conditional
        try:
            found = self._evaluation(
                generator, game.point, trainer.step, game.images_seen, conditional, progress
            )
        except Stopped:
            return None
        self._audience.tell(lambda observer: observer.evaluated(found))
        return found

    def _crowned(self, found: Evaluated) -> tuple[str, float, Basis] | None:
        """The number by which this step is the best so far, its value and basis, if it is."""
        name = best(found.scores, self._trainer.run.evaluate.best)
        if name is None:
            return None
        score = found.scores[name]
        basis = Basis.of(found, score)
        if not is_better(score, self._keeper.best(name, basis)):
            return None
        return name, score.value, basis

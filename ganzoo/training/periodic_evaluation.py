"""Evaluations while a run trains: when they are due, and the best checkpoint by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ganzoo.errors import Stopped, in_one_line
from ganzoo.evaluation.record import Basis, Evaluated, best, is_better
from ganzoo.observers.observer_list import ObserverList
from ganzoo.training.checkpoint_manager import CheckpointManager, CheckpointedTrainer
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.interval import Position, due


class EvaluatedTrainer(CheckpointedTrainer, Protocol):
    """A trainer, as far as its evaluations go."""

    steps: int


class PeriodicEvaluation:
    """Has a run measured when that is due; ``evaluation`` is there in the process that does it."""

    def __init__(
        self,
        trainer: EvaluatedTrainer,
        evaluation: Evaluation | None,
        keeper: CheckpointManager,
        audience: ObserverList,
    ) -> None:
        self.last = -1
        """The last step at which the run was evaluated."""
        self._trainer = trainer
        self._evaluation = evaluation
        self._checkpoints = keeper
        self._observers = audience
        self._said: set[str] = set()

    @property
    def is_due(self) -> bool:
        """Whether an evaluation is due at this step that was not made, or not to its end."""
        trainer, game = self._trainer, self._trainer.game
        every = trainer.run.evaluate.every
        if every is None or not trainer.step or self.last == trainer.step:
            return False
        size = game.schedule.at(game.images_seen - 1).stage.batch_size
        before = Position(
            trainer.step - 1, game.images_seen - size * trainer.run.train.discriminator.steps
        )
        now = Position(trainer.step, game.images_seen)
        return trainer.step == trainer.steps or due(every, before, now, len(game.batches.data))

    def evaluate(self, stopping: Callable[[], bool]) -> None:
        """Measure the averaged generator, and keep this step's checkpoint if it is the best.

        A request to stop puts it off until the run goes on. Whatever fails is told: it never ends
        the run.
        """
        trainer = self._trainer
        done, crowned = True, None
        if trainer.engine.is_main:
            try:
                found = self._measured(stopping)
                crowned = found and self._best_by(found)
            except Stopped:
                done = False
            except Exception as error:  # noqa: BLE001 - what watches a run may not end it
                self._warn(f"it could not be evaluated: {in_one_line(error)}")
        done, crowned = trainer.engine.broadcast((done, crowned))
        if done:
            self.last = trainer.step
        if crowned:
            self._checkpoints.mark_best(*crowned)

    def _measured(self, stopping: Callable[[], bool]) -> Evaluated | None:
        """What was measured, if any metric could be; raises Stopped if it has to stop."""

        def progress(what: str, done: int, total: int) -> None:
            self._observers.notify(
                lambda observer: observer.on_evaluation_progress(what, done, total)
            )
            if stopping():
                raise Stopped

        assert self._evaluation, "the settings ask for it"
        trainer, game = self._trainer, self._trainer.game
        trainer.ema.update_batch_statistics()
        generator, conditional = trainer.ema.generator, game.networks.conditional
        left_out: dict[str, list[str]] = {}

        def failed(metric: str, error: Exception) -> None:
            left_out.setdefault(in_one_line(error), []).append(metric)

        found = self._evaluation(
            generator, game.point, trainer.step, game.images_seen, conditional, progress, failed
        )
        for reason, names in left_out.items():
            self._warn(f"{', '.join(names)} left out: {reason}")
        if not found.scores:
            return None
        self._observers.notify(lambda observer: observer.on_evaluation_end(found))
        return found

    def _warn(self, message: str) -> None:
        """Say it, unless it was said before since the run's last start."""
        if message not in self._said:
            self._said.add(message)
            step = self._trainer.step
            self._observers.warn(step, f"evaluation at step {step}: {message} (said once)")

    def _best_by(self, found: Evaluated) -> tuple[str, float, Basis] | None:
        """The number by which this step is the best so far, its value and basis, if it is."""
        wanted = self._trainer.run.evaluate.best
        name = best(found.scores, wanted)
        if name is None:
            if wanted:
                self._warn(
                    f"no metric gives evaluate.best={wanted} of images of {found.size} pixels"
                )
            return None
        score = found.scores[name]
        basis = Basis.of(found, score)
        if not is_better(score, self._checkpoints.best(name, basis)):
            return None
        return name, score.value, basis

"""The training loop: steps, and what happens between them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.observers.observer import Observer
from ganzoo.observers.observer_list import ObserverList
from ganzoo.sections import Interval
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_manager import CheckpointManager
from ganzoo.training.diversity import CollapseWatch
from ganzoo.training.ema import Ema
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.finite_check import FiniteCheck, NonFinite, Update, report
from ganzoo.training.interval import Position, due
from ganzoo.training.periodic_evaluation import PeriodicEvaluation
from ganzoo.training.phases import Game, Phase
from ganzoo.training.sample_grids import SampleGrids
from ganzoo.training.stopwatch import Stopwatch

MOST_ROLLBACKS = 3
"""Without a new checkpoint between them; after so many the weights are to blame, not chance."""


class Outcome(Enum):
    """How training ended."""

    FINISHED = "finished"
    STOPPED = "stopped on request"


class Diverged(ArithmeticError):
    """A loss is no longer a finite number."""


class Trainer:
    """Everything that changes while a run trains."""

    def __init__(
        self,
        game: Game,
        checkpoints: Checkpoints,
        observers: Sequence[Observer],
        evaluation: Evaluation | None = None,
    ) -> None:
        self.run = run = game.run
        self.game = game
        self.engine = game.engine
        self.phases = game.phases()
        self.ema = Ema(
            game.networks.generator, run.train.ema, run.seed, game.frequencies, self._tell_progress
        )
        self.finite_check = FiniteCheck(game.engine, run.train.on_nonfinite)
        self.step = 0
        self.steps = self._length()
        self.images_made = 0
        """Images made for the generator's updates, over all processes."""
        self._observers = ObserverList(observers)
        self._checkpoints = CheckpointManager(self, checkpoints, self._observers)
        self.examiner = PeriodicEvaluation(self, evaluation, self._checkpoints, self._observers)
        self._sheets = SampleGrids(game, self.ema, self._show, self._tell_progress)
        self._collapse = CollapseWatch()
        self._stopwatch = Stopwatch(self.engine.device)
        self.rollback_step = 0
        """The step of the newest checkpoint that was due. One may be written at any step where a
        run is asked to stop, and where a run goes back to must not depend on that.
        """
        self.rollbacks = 0
        """Since the rollback_step was written."""
        self._reported = 0
        """Images seen at the last report."""
        game.point.bring(self.ema.generator)

    @property
    def position(self) -> Position:
        """How far the run has come."""
        return Position(self.step, self.game.images_seen)

    @property
    def _images(self) -> int:
        return len(self.game.batches.data)

    def _length(self) -> int:
        """Steps in all, whichever way the length was said."""
        train, seen = self.run.train, self.game.images_seen
        images: float | None = train.images
        if train.epochs is not None:
            images = train.epochs * self._images
        if images is None:
            return train.steps
        return self.step + self.game.schedule.steps(images, seen)

    def train(self, stopping: Callable[[], bool] = lambda: False) -> Outcome:
        """Go on until the last step, or until ``stopping`` says so; ends with a checkpoint.

        Raises Diverged when a loss is no longer finite, and OSError where the last checkpoint
        cannot be written; what was saved before stays.
        """
        self._observers.notify(lambda observer: observer.on_train_start(self.step, self.steps))
        self._tell_of_growth()
        if self.step == 0:
            self._begin()
        self._stopwatch.restart()
        self._reported = self.game.images_seen
        if self.examiner.is_owed:
            self.examiner.examine(stopping)
        while self.step < self.steps and not self.engine.any(stopping()):
            before = self.position
            try:
                self.advance()
                self.watch(before, stopping)
            except NonFinite as error:
                self._answer(error)
        if not self._checkpoints.is_current:
            self.save()
        if self._checkpoints.unsaved:
            newest = self._checkpoints.newest()
            raise OSError(f"{self._checkpoints.unsaved}; {newest}") from self._checkpoints.unsaved
        return Outcome.FINISHED if self.step >= self.steps else Outcome.STOPPED

    def _begin(self) -> None:
        if self.engine.is_main:
            self._observers.attempt(0, "drawing real images", self._sheets.real)
            self._observers.attempt(0, "drawing samples", self._sheets.samples)
        if self.run.train.on_nonfinite == "rollback" and not self._checkpoints.is_current:
            self.save(due=True)  # to have something to go back to

    def advance(self) -> None:
        """One step: every phase in its turn, then the averaged generator; then all may grow.

        Raises NonFinite for an update that is bad and is not to be left out.
        """
        for phase in self.phases:
            for repeat in range(phase.repeats):
                self._update(phase, self.step * phase.repeats + repeat)
        self.step += 1
        stage = self.game.point.stage
        self.images_made += stage.batch_size
        self.ema.update(self.game.networks.generator, self.images_made, stage.batch_size)
        self.grow()
        if self.game.point.stage is not stage:
            self.phases = self.game.phases()
            self._tell_of_growth()

    def grow(self) -> None:
        """Bring all networks to where the images seen so far have led them."""
        self.game.grow()
        self.game.point.bring(self.ema.generator)

    def _tell_of_growth(self) -> None:
        stages, stage = self.game.schedule.stages, self.game.point.stage
        warning = self.game.schedule.warning(self.steps) if stage is stages[0] else None
        if warning:
            self._observers.notify(lambda observer: observer.on_message(warning))
        if len(stages) > 1:
            size = f"{stage.image_shape.size} of {stages[-1].image_shape.size} pixels"
            message = f"step {self.step}: {size}, {stage.batch_size} images in a batch"
            self._observers.notify(lambda observer: observer.on_message(message))

    def _update(self, phase: Phase, position: int) -> None:
        purpose = f"{phase.name}/{self.engine.rank}"
        self.game.randomness.reseed(purpose, position, self.engine.device)
        skips = self.run.train.on_nonfinite == "skip"
        before = [buffer.clone() for buffer in self._buffers()] if skips else []
        adaptive = self.game.stateful.values()
        adapted = [copy.deepcopy(each.state_dict()) for each in adaptive] if skips else []
        self.game.watched.clear()
        terms = phase.terms(position)
        total = torch.stack(list(terms.values())).sum()
        total.backward(inputs=phase.parameters)
        self.engine.average_gradients(phase.parameters)
        try:
            accepted = self.finite_check.accepts(self._calculated(phase, terms))
            if accepted:
                phase.optimizer.step()
                phase.after()
                self._count(phase.name, total, terms)
        finally:  # also before going back: what is left would be added to the next gradient
            phase.optimizer.zero_grad(set_to_none=True)
        if skips:
            skipped = torch.tensor(float(not accepted), device=self.engine.device)
            self.game.running_means.add(f"skipped/{phase.name}", skipped)
            if not accepted:  # batch norm has counted what was not finite
                torch._foreach_copy_(self._buffers(), before)
                for each, state in zip(adaptive, adapted, strict=True):
                    each.load_state_dict(state)

    def _buffers(self) -> list[Tensor]:
        networks = (self.game.networks.generator, self.game.networks.discriminator)
        return [buffer for network in networks for buffer in network.buffers()]

    def _calculated(self, phase: Phase, terms: Mapping[str, Tensor]) -> Update:
        gradients = [p.grad for p in phase.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        values = torch.stack([*(term.detach() for term in terms.values()), norm])
        seen, size = self.game.images_seen, self.game.point.stage.batch_size
        return Update(phase.name, self.step, seen, size, tuple(terms), values)

    def _count(self, phase: str, total: Tensor, terms: Mapping[str, Tensor]) -> None:
        self.game.running_means.add(f"loss/{phase}", total)
        for name, term in terms.items():
            self.game.running_means.add(f"{phase}/{name}", term)
        for name, value in self.game.watched.items():
            self.game.running_means.add(name, value)

    def watch(self, before: Position, stopping: Callable[[], bool] = lambda: False) -> None:
        """What is due after a step, ``before`` which a run had come so far: samples, reports."""
        self._observers.notify(
            lambda observer: observer.on_step_end(self.step, self.game.images_seen)
        )
        last = self.step == self.steps
        if last or self._due(self.run.sample.every, before):
            with self._stopwatch.paused():
                self._draw_samples()
        if last or self._due(self.run.log.every, before):
            self._report()
        keep_every = self.run.checkpoint.keep_every
        for_good = keep_every is not None and self._due(keep_every, before)
        if for_good or self._due(self.run.checkpoint.every, before):
            with self._stopwatch.paused():
                self.save(due=True, for_good=for_good)
        if self.examiner.is_owed:
            with self._stopwatch.paused():
                self.examiner.examine(stopping)

    def _due(self, every: Interval, before: Position) -> bool:
        return due(every, before, self.position, self._images)

    def _report(self) -> None:
        self._checkpoints.require_owner()
        scalars = self._finite_means()
        images = self.game.images_seen
        speed = (images - self._reported) / self._stopwatch.seconds
        scalars |= {"images_seen": images, "speed/images_per_second": speed}
        if len(self.game.schedule.stages) > 1:
            scalars["growth/resolution"] = self.game.point.stage.image_shape.height
            scalars["growth/fade"] = self.game.point.fade
        self._observers.notify(lambda observer: observer.on_report(self.step, scalars))
        scores = {name: each.cpu().numpy() for name, each in self.game.scores.items()}
        self._observers.notify(lambda observer: observer.on_scores(self.step, scores))
        for name, share in scalars.items():
            if name.startswith("skipped/") and share:
                player = name.removeprefix("skipped/")
                self._observers.warn(
                    self.step,
                    f"{share:.1%} of the {player}'s last updates were not finite: left out",
                )
        self.game.running_means.reset()
        self._stopwatch.restart()
        self._reported = images

    def _finite_means(self) -> dict[str, float]:
        means = self.game.running_means.means()
        if means and self.engine.processes > 1:
            together = self.engine.mean(
                torch.tensor(list(means.values()), device=self.engine.device)
            )
            means = dict(zip(means, together.tolist(), strict=True))
        for name, value in means.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} became {value} by step {self.step}; {self._advice()}")
        return means

    def _require_finite(self) -> None:
        """Raise NonFinite or Diverged where what would be saved is damaged."""
        self.finite_check.look()
        self._finite_means()
        networks = (self.game.networks.generator, self.game.networks.discriminator)
        weights = [p.detach() for network in networks for p in network.parameters()]
        weights += [buffer for buffer in self._buffers() if buffer.is_floating_point()]
        adapted = [each.state_dict().values() for each in self.game.stateful.values()]
        kept = (value for values in adapted for value in values if isinstance(value, Tensor))
        weights += [tensor for tensor in kept if tensor.is_floating_point()]
        if not torch.stack(torch._foreach_norm(weights)).isfinite().all():
            raise Diverged(f"weights are no longer finite at step {self.step}; {self._advice()}")

    def _answer(self, error: NonFinite) -> None:
        """Go on from the newest checkpoint with other randomness, or end the run."""
        self._checkpoints.require_owner()
        update, randomness = error.update, self.game.randomness
        numbers = self.game.batches.order.at(update.images_seen - update.size, update.size)
        story = report(error, numbers.tolist(), randomness.seed, randomness.stream)
        self._observers.notify(lambda observer: observer.on_nonfinite(story))
        policy = self.run.train.on_nonfinite
        if policy != "rollback" or self.rollbacks == MOST_ROLLBACKS:
            raise Diverged(f"{error}; {self._advice()}") from error
        self._checkpoints.go_back()
        self.steps = self._length()
        self.examiner.last = min(self.examiner.last, self.step)
        self._observers.notify(lambda observer: observer.on_rollback(self.step))
        self._observers.warn(
            self.step, f"{error}: back to step {self.step}, and on with other randomness"
        )
        self._stopwatch.restart()
        self._reported = self.game.images_seen

    def _advice(self) -> str:
        policy = self.run.train.on_nonfinite
        advice = "try lower train.generator.lr and train.discriminator.lr"
        if policy == "raise":
            advice += ", or train.on_nonfinite=rollback"
        return f"{advice}; {self._checkpoints.newest()}"

    def save(self, *, due: bool = False, for_good: bool = False) -> None:
        """Write a checkpoint of this step, unless its losses or weights are not finite."""
        self._require_finite()
        self._checkpoints.save(due=due, for_good=for_good)

    def resume(self, warn: Callable[[str], None] = lambda message: None) -> None:
        """Go on from the newest checkpoint that is whole.

        Raises RequestError if there is none, or the images or networks have another shape now.
        """
        self._checkpoints.resume(warn)
        self.steps = self._length()

    def _draw_samples(self) -> None:
        draw = (self.step, "drawing samples", self._sheets.samples)
        ratio = self._observers.attempt(*draw) if self.engine.is_main else None
        ratio = self.engine.broadcast(ratio)
        if ratio is None:
            return
        self.game.running_means.add(
            "samples/diversity", torch.tensor(ratio, device=self.engine.device)
        )
        if self._collapse.collapsed(ratio, self.game.images_seen):
            self._observers.warn(
                self.step,
                f"the samples of step {self.step} are nearly all alike: they differ {ratio:.0%} as "
                "much as real images do; the generator may have collapsed",
            )

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        self._observers.notify(lambda observer: observer.on_evaluation_progress(what, done, total))

    def _show(self, name: str, sheet: NDArray[np.uint8]) -> None:
        epoch = self.game.images_seen / self._images
        self._observers.notify(lambda observer: observer.on_images(name, self.step, epoch, sheet))

"""The training loop: steps, and the samples, reports and checkpoints between them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from enum import Enum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.observers.observer_list import ObserverList
from ganzoo.sections import Interval
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_manager import CheckpointManager
from ganzoo.training.diversity import CollapseDetector
from ganzoo.training.ema import Ema
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.finite_check import FiniteCheck, NonFinite, Update, nonfinite_report
from ganzoo.training.interval import Position, is_due
from ganzoo.training.periodic_evaluation import PeriodicEvaluation
from ganzoo.training.phases import Game, Phase
from ganzoo.training.sample_grids import SampleGrids
from ganzoo.training.stopwatch import Stopwatch

MAX_ROLLBACKS = 3
"""Rollbacks to the same checkpoint; after so many, other random numbers do not help."""


class Outcome(Enum):
    """How training ended."""

    FINISHED = "finished"
    STOPPED = "stopped on request"


class Diverged(ArithmeticError):
    """A loss is no longer a finite number."""


class Trainer:
    """Trains a run, and holds the state that training changes."""

    def __init__(
        self,
        game: Game,
        checkpoints: Checkpoints,
        observers: ObserverList,
        evaluation: Evaluation | None = None,
    ) -> None:
        self.run = run = game.run
        self.game = game
        self.engine = game.engine
        self.phases = game.phases()
        generator, progress = game.networks.generator, self._report_progress
        self.ema = Ema(generator, run.train.ema, run.seed, game.frequencies, progress)
        self.finite_check = FiniteCheck(game.engine, run.train.on_nonfinite)
        self.step = 0
        self.steps = self._total_steps()
        self.images_generated = 0
        """Images generated for the generator's updates so far, over all processes."""
        self._observers = observers
        self._checkpoints = CheckpointManager(self, checkpoints, self._observers)
        self.periodic_evaluation = PeriodicEvaluation(
            self, evaluation, self._checkpoints, self._observers
        )
        self._sample_grids = SampleGrids(game, self.ema, self._on_grid, progress)
        self._collapse_detector = CollapseDetector()
        self._stopwatch = Stopwatch(self.engine.device)
        self.rollback_step = 0
        """The step of the newest checkpoint that was due. A stop writes one at any step, and a
        rollback must not depend on that.
        """
        self.rollbacks = 0
        """Rollbacks to ``rollback_step`` since it was saved."""
        self._images_at_report = 0
        game.point.grow(self.ema.generator)

    @property
    def position(self) -> Position:
        """The steps and images seen so far."""
        return Position(self.step, self.game.images_seen)

    @property
    def _images_per_epoch(self) -> int:
        return len(self.game.batches.data)

    def _total_steps(self) -> int:
        """The run's total number of steps, from ``train.steps``, ``epochs`` or ``images``."""
        train, seen = self.run.train, self.game.images_seen
        images: float | None = train.images
        if train.epochs is not None:
            images = train.epochs * self._images_per_epoch
        if images is None:
            return train.steps
        return self.step + self.game.schedule.steps(images, seen)

    def train(self, stopping: Callable[[], bool] = lambda: False) -> Outcome:
        """Train until the last step, or until ``stopping()`` is true; then save a checkpoint.

        Raises Diverged if a loss is no longer finite, and OSError if the last checkpoint cannot
        be written; earlier checkpoints stay.
        """
        self._observers.notify(lambda observer: observer.on_train_start(self.step, self.steps))
        self._report_stage()
        if self.step == 0:
            self._before_first_step()
        self._stopwatch.restart()
        self._images_at_report = self.game.images_seen
        if self.periodic_evaluation.is_due:
            self.periodic_evaluation.evaluate(stopping)
        while self.step < self.steps and not self.engine.any(stopping()):
            before = self.position
            try:
                self.training_step()
                self.after_step(before, stopping)
            except NonFinite as error:
                self._handle_nonfinite(error)
        if not self._checkpoints.is_saved:
            self.save()
        if failed := self._checkpoints.save_error:
            raise OSError(f"{failed}; {self._checkpoints.newest_description()}") from failed
        return Outcome.FINISHED if self.step >= self.steps else Outcome.STOPPED

    def _before_first_step(self) -> None:
        if self.engine.is_main:
            self._observers.attempt(0, "drawing real images", self._sample_grids.draw_real)
            self._observers.attempt(0, "drawing samples", self._sample_grids.draw_samples)
        if self.run.train.on_nonfinite == "rollback" and not self._checkpoints.is_saved:
            self.save(due=True)  # for a rollback

    def training_step(self) -> None:
        """Make one step: the updates of every phase, then of the EMA generator; then grow.

        Raises NonFinite for an update that is not finite and is not skipped.
        """
        for phase in self.phases:
            for repeat in range(phase.repeats):
                self._update(phase, self.step * phase.repeats + repeat)
        self.step += 1
        stage = self.game.point.stage
        self.images_generated += stage.batch_size
        self.ema.update(self.game.networks.generator, self.images_generated, stage.batch_size)
        self.grow()
        if self.game.point.stage is not stage:
            self.phases = self.game.phases()
            self._report_stage()

    def grow(self) -> None:
        """Set all networks to the stage and fade of the images seen so far."""
        self.game.grow()
        self.game.point.grow(self.ema.generator)

    def _report_stage(self) -> None:
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
        buffers = [buffer.clone() for buffer in self._buffers()] if skips else []
        stateful = self.game.stateful.values()
        states = [copy.deepcopy(each.state_dict()) for each in stateful] if skips else []
        self.game.watched.clear()
        terms = phase.terms(position)
        total = torch.stack(list(terms.values())).sum()
        total.backward(inputs=phase.parameters)
        self.engine.average_gradients(phase.parameters)
        try:
            is_made = self.finite_check.check(self._describe_update(phase, terms))
            if is_made:
                phase.optimizer.step()
                phase.after()
                self._add_means(phase.name, total, terms)
        finally:  # also before a rollback: gradients accumulate
            phase.optimizer.zero_grad(set_to_none=True)
        if skips:
            skipped = torch.tensor(float(not is_made), device=self.engine.device)
            self.game.running_means.add(f"skipped/{phase.name}", skipped)
            if not is_made:  # batch norm's statistics include what is not finite
                torch._foreach_copy_(self._buffers(), buffers)
                for each, state in zip(stateful, states, strict=True):
                    each.load_state_dict(state)

    def _buffers(self) -> list[Tensor]:
        networks = (self.game.networks.generator, self.game.networks.discriminator)
        return [buffer for network in networks for buffer in network.buffers()]

    def _describe_update(self, phase: Phase, terms: Mapping[str, Tensor]) -> Update:
        gradients = [p.grad for p in phase.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        values = torch.stack([*(term.detach() for term in terms.values()), norm])
        seen, size = self.game.images_seen, self.game.point.stage.batch_size
        return Update(phase.name, self.step, seen, size, tuple(terms), values)

    def _add_means(self, phase: str, total: Tensor, terms: Mapping[str, Tensor]) -> None:
        self.game.running_means.add(f"loss/{phase}", total)
        for name, term in terms.items():
            self.game.running_means.add(f"{phase}/{name}", term)
        for name, value in self.game.watched.items():
            self.game.running_means.add(name, value)

    def after_step(self, before: Position, stopping: Callable[[], bool] = lambda: False) -> None:
        """Do what is due after the step from ``before``: samples, reports, checkpoints."""
        self._observers.notify(
            lambda observer: observer.on_step_end(self.step, self.game.images_seen)
        )
        last = self.step == self.steps
        if last or self._is_due(self.run.sample.every, before):
            with self._stopwatch.paused():
                self._draw_samples()
        if last or self._is_due(self.run.log.every, before):
            self._report()
        keep_every = self.run.checkpoint.keep_every
        permanent = keep_every is not None and self._is_due(keep_every, before)
        if permanent or self._is_due(self.run.checkpoint.every, before):
            with self._stopwatch.paused():
                self.save(due=True, permanent=permanent)
        if self.periodic_evaluation.is_due:
            with self._stopwatch.paused():
                self.periodic_evaluation.evaluate(stopping)

    def _is_due(self, every: Interval, before: Position) -> bool:
        return is_due(every, before, self.position, self._images_per_epoch)

    def _report(self) -> None:
        self._checkpoints.require_owner()
        scalars = self._finite_means()
        images = self.game.images_seen
        speed = (images - self._images_at_report) / self._stopwatch.seconds
        scalars |= {"images_seen": images, "speed/images_per_second": speed}
        if len(self.game.schedule.stages) > 1:
            scalars["growth/resolution"] = self.game.point.stage.image_shape.height
            scalars["growth/fade"] = self.game.point.fade
        self._observers.notify(lambda observer: observer.on_report(self.step, scalars))
        scores = {name: each.cpu().numpy() for name, each in self.game.scores.items()}
        self._observers.notify(lambda observer: observer.on_scores(self.step, scores))
        for name, fraction in scalars.items():
            if name.startswith("skipped/") and fraction:
                network = name.removeprefix("skipped/")
                self._observers.warn(
                    self.step,
                    f"{fraction:.1%} of the {network}'s updates since the last report were not "
                    "finite and were skipped",
                )
        self.game.running_means.reset()
        self._stopwatch.restart()
        self._images_at_report = images

    def _finite_means(self) -> dict[str, float]:
        means = self.game.running_means.means()
        if means and self.engine.processes > 1:
            values = torch.tensor(list(means.values()), device=self.engine.device)
            means = dict(zip(means, self.engine.mean(values).tolist(), strict=True))
        for name, value in means.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} became {value} by step {self.step}; {self._suggestion()}")
        return means

    def _require_finite(self) -> None:
        """Raise NonFinite or Diverged if losses, weights or states are not finite."""
        self.finite_check.check_pending()
        self._finite_means()
        networks = (self.game.networks.generator, self.game.networks.discriminator)
        weights = [p.detach() for network in networks for p in network.parameters()]
        weights += [buffer for buffer in self._buffers() if buffer.is_floating_point()]
        states = [each.state_dict().values() for each in self.game.stateful.values()]
        tensors = (value for values in states for value in values if isinstance(value, Tensor))
        weights += [tensor for tensor in tensors if tensor.is_floating_point()]
        if not torch.stack(torch._foreach_norm(weights)).isfinite().all():
            raise Diverged(
                f"weights are no longer finite at step {self.step}; {self._suggestion()}"
            )

    def _handle_nonfinite(self, error: NonFinite) -> None:
        """Roll back to the last due checkpoint, with other random numbers, or end the run."""
        self._checkpoints.require_owner()
        update, randomness = error.update, self.game.randomness
        first = update.images_seen - update.batch_size
        images = self.game.batches.order.at(first, update.batch_size).tolist()
        report = nonfinite_report(error, images, randomness.seed, randomness.stream)
        self._observers.notify(lambda observer: observer.on_nonfinite(report))
        policy = self.run.train.on_nonfinite
        if policy != "rollback" or self.rollbacks == MAX_ROLLBACKS:
            raise Diverged(f"{error}; {self._suggestion()}") from error
        self._checkpoints.rollback()
        self.steps = self._total_steps()
        self.periodic_evaluation.forget_after(self.step)
        self._observers.notify(lambda observer: observer.on_rollback(self.step))
        self._observers.warn(
            self.step, f"{error}: training resumes from step {self.step} with other random numbers"
        )
        self._stopwatch.restart()
        self._images_at_report = self.game.images_seen

    def _suggestion(self) -> str:
        policy = self.run.train.on_nonfinite
        advice = "try lower train.generator.lr and train.discriminator.lr"
        if policy == "raise":
            advice += ", or train.on_nonfinite=rollback"
        return f"{advice}; {self._checkpoints.newest_description()}"

    def save(self, *, due: bool = False, permanent: bool = False) -> None:
        """Write a checkpoint of this step, unless its losses or weights are not finite."""
        self._require_finite()
        self._checkpoints.save(due=due, permanent=permanent)

    def resume(self, warn: Callable[[str], None] = lambda message: None) -> None:
        """Resume from the newest undamaged checkpoint.

        Raises RequestError if there is none, or if the images or networks have another shape now.
        """
        self._checkpoints.resume(warn)
        self.steps = self._total_steps()

    def _draw_samples(self) -> None:
        draw = (self.step, "drawing samples", self._sample_grids.draw_samples)
        ratio = self._observers.attempt(*draw) if self.engine.is_main else None
        ratio = self.engine.broadcast(ratio)
        if ratio is None:
            return
        diversity = torch.tensor(ratio, device=self.engine.device)
        self.game.running_means.add("samples/diversity", diversity)
        if self._collapse_detector.collapsed(ratio, self.game.images_seen):
            self._observers.warn(
                self.step,
                f"the samples of step {self.step} have {ratio:.0%} of the diversity of real "
                "images: the generator may have collapsed",
            )

    def _report_progress(self, what: str, done: int, total: int) -> None:
        self._observers.notify(lambda observer: observer.on_evaluation_progress(what, done, total))

    def _on_grid(self, name: str, grid: NDArray[np.uint8]) -> None:
        epoch = self.game.images_seen / self._images_per_epoch
        self._observers.notify(lambda observer: observer.on_images(name, self.step, epoch, grid))

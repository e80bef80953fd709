"""The training loop: steps, and what happens between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo import pictures
from ganzoo.errors import RequestError
from ganzoo.observing.observer import Observer
from ganzoo.sections import Interval
from ganzoo.training.checkpoint import Checkpoints, State
from ganzoo.training.ema import Ema
from ganzoo.training.interval import Position, due
from ganzoo.training.phases import Game, Phase, require_shape
from ganzoo.training.sampling import make_pictures, spread
from ganzoo.training.stopwatch import Stopwatch


class Outcome(Enum):
    """How training ended."""

    FINISHED = "finished"
    STOPPED = "stopped on request"


class Diverged(ArithmeticError):
    """A loss is no longer a finite number."""


class Trainer:
    """Everything that changes while a run trains."""

    def __init__(self, game: Game, checkpoints: Checkpoints, observers: Sequence[Observer]) -> None:
        self.run = run = game.run
        self.game = game
        self.engine = game.engine
        self.phases = game.phases()
        self.ema = Ema(game.networks.generator, run.train.ema)
        self.step = 0
        self.steps = self._length()
        self.images_made = 0
        """Pictures made for the generator's updates, over all processes."""
        self._checkpoints = checkpoints
        self._observers = observers
        self._stopwatch = Stopwatch(self.engine.device)
        self._saved: int | None = None
        """The step of the newest checkpoint."""
        self._reported = 0
        """Images seen at the last report."""
        game.point.bring(self.ema.generator)

    @property
    def position(self) -> Position:
        """How far the run has come."""
        return Position(self.step, self.game.images_seen)

    @property
    def _pictures(self) -> int:
        return len(self.game.batches.data)

    def _length(self) -> int:
        """Steps in all, whichever way the length was said."""
        train, seen = self.run.train, self.game.images_seen
        images: float | None = train.images
        if train.epochs is not None:
            images = train.epochs * self._pictures
        if images is None:
            return train.steps
        return self.step + self.game.schedule.steps(images, seen)

    def train(self, stopping: Callable[[], bool] = lambda: False) -> Outcome:
        """Go on until the last step, or until ``stopping`` says so; ends with a checkpoint.

        Raises Diverged when a loss is no longer finite; what was saved before stays.
        """
        self._tell(lambda observer: observer.started(self.step, self.steps))
        self._tell_of_growth()
        if self.step == 0:
            self._draw_real()
            self._draw_samples()
        self._stopwatch.restart()
        self._reported = self.game.images_seen
        while self.step < self.steps and not self.engine.any(stopping()):
            before = self.position
            self.advance()
            self.watch(before)
        if self.step != self._saved:
            self.save()
        return Outcome.FINISHED if self.step >= self.steps else Outcome.STOPPED

    def advance(self) -> None:
        """One step: every phase in its turn, then the averaged generator; then all may grow."""
        for phase in self.phases:
            for repeat in range(phase.repeats):
                self._update(phase, self.step * phase.repeats + repeat)
        self.step += 1
        stage = self.game.point.stage
        self.images_made += stage.batch_size
        self.ema.update(self.game.networks.generator, self.images_made, stage.batch_size)
        self._grow()
        if self.game.point.stage is not stage:
            self.phases = self.game.phases()
            self._tell_of_growth()

    def _grow(self) -> None:
        self.game.grow()
        self.game.point.bring(self.ema.generator)

    def _tell_of_growth(self) -> None:
        stages, stage = self.game.schedule.stages, self.game.point.stage
        warning = self.game.schedule.warning(self.steps) if stage is stages[0] else None
        if warning:
            self._tell(lambda observer: observer.noted(warning))
        if len(stages) > 1:
            size = f"{stage.image.height} of {stages[-1].image.height} pixels"
            message = f"step {self.step}: {size}, {stage.batch_size} pictures in a batch"
            self._tell(lambda observer: observer.noted(message))

    def _update(self, phase: Phase, position: int) -> None:
        purpose = f"{phase.name}/{self.engine.rank}"
        self.game.randomness.reseed(purpose, position, self.engine.device)
        terms = phase.terms(position)
        for name, term in terms.items():
            require_shape(f"the loss's term {name}", term, ())
        total = torch.stack(list(terms.values())).sum()
        total.backward(inputs=phase.parameters)
        self.engine.average_gradients(phase.parameters)
        phase.optimizer.step()
        phase.optimizer.zero_grad(set_to_none=True)
        phase.after()
        self.game.tally.add(f"loss/{phase.name}", total)
        for name, term in terms.items():
            self.game.tally.add(f"{phase.name}/{name}", term)

    def watch(self, before: Position) -> None:
        """What is due after a step, ``before`` which a run had come so far: reports, samples."""
        self._tell(lambda observer: observer.stepped(self.step, self.game.images_seen))
        last = self.step == self.steps
        if last or self._due(self.run.log.every, before):
            self._report()
        if last or self._due(self.run.sample.every, before):
            with self._stopwatch.paused():
                self._draw_samples()
        if self._due(self.run.checkpoint.every, before):
            with self._stopwatch.paused():
                self.save()

    def _due(self, every: Interval, before: Position) -> bool:
        return due(every, before, self.position, self._pictures)

    def _report(self) -> None:
        scalars = self._finite_means()
        images = self.game.images_seen
        speed = (images - self._reported) / self._stopwatch.seconds
        scalars |= {"images_seen": images, "speed/images_per_second": speed}
        if len(self.game.schedule.stages) > 1:
            scalars["growth/resolution"] = self.game.point.stage.image.height
            scalars["growth/fade"] = self.game.point.fade
        self._tell(lambda observer: observer.reported(self.step, scalars))
        self.game.tally.reset()
        self._stopwatch.restart()
        self._reported = images

    def _finite_means(self) -> dict[str, float]:
        means = self.game.tally.means()
        if means and self.engine.processes > 1:
            together = self.engine.mean(
                torch.tensor(list(means.values()), device=self.engine.device)
            )
            means = dict(zip(means, together.tolist(), strict=True))
        for name, value in means.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} became {value} by step {self.step}; {self._advice()}")
        return means

    def _require_finite_weights(self) -> None:
        networks = (self.game.networks.generator, self.game.networks.discriminator)
        weights = [p.detach() for network in networks for p in network.parameters()]
        if not torch.stack(torch._foreach_norm(weights)).isfinite().all():
            raise Diverged(f"weights are no longer finite at step {self.step}; {self._advice()}")

    def _advice(self) -> str:
        saved = "there is no checkpoint yet"
        if self._saved is not None:
            saved = f"the newest checkpoint is of step {self._saved}"
        return f"try lower train.generator.lr and train.discriminator.lr; {saved}"

    def save(self) -> None:
        """Write a checkpoint of this step, unless its losses or weights are not finite."""
        self._finite_means()
        self._require_finite_weights()
        if self.engine.is_main:
            self.ema.settle(self.game.randomness, self.game.classes)
            self._checkpoints.save(self.state())
        self._saved = self.step
        self.engine.barrier()

    def state(self) -> State:
        """All that the rest of the run depends on."""
        data = self.game.batches.data
        return {
            "step": self.step,
            "images_seen": self.game.images_seen,
            "images_made": self.images_made,
            "image": list(data.shape),
            "class_names": list(data.class_names),
            "generator": self.game.networks.generator.state_dict(),
            "discriminator": self.game.networks.discriminator.state_dict(),
            "averaged": self.ema.generator.state_dict(),
            "optimizers": {phase.name: phase.optimizer.state_dict() for phase in self.phases},
            "trained": {phase.name: list(phase.named) for phase in self.phases},
            "tally": self.game.tally.state(),
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned.

        Raises RequestError if the pictures or the networks have another shape now.
        """
        data = self.game.batches.data
        now = (list(data.shape), list(data.class_names))
        if now != (state["image"], state["class_names"]):
            raise RequestError(
                f"the run was trained on pictures of (C, H, W) = {tuple(state['image'])} in "
                f"{len(state['class_names'])} classes; these are {tuple(data.shape)} in "
                f"{len(data.class_names)}: give it the pictures it was trained on"
            )
        try:
            self._load(state)
        except RequestError:
            raise
        except (RuntimeError, ValueError, KeyError) as error:
            raise RequestError(
                f"the networks no longer fit the checkpoint: {str(error).splitlines()[0]}"
            ) from error

    def _load(self, state: State) -> None:
        self.game.networks.generator.load_state_dict(state["generator"])
        self.game.networks.discriminator.load_state_dict(state["discriminator"])
        self.ema.generator.load_state_dict(state["averaged"])
        self.game.images_seen = int(state["images_seen"])
        self._grow()
        self.phases = self.game.phases()
        if state["trained"] != {phase.name: list(phase.named) for phase in self.phases}:
            raise RequestError(
                "other layers would be trained now than in the checkpoint: leave growth as it was"
            )
        for phase in self.phases:
            _load_optimizer(phase.optimizer, state["optimizers"][phase.name])
        self.game.tally.restore(state["tally"], self.engine.device)
        self.images_made = int(state["images_made"])
        self.step = self._saved = int(state["step"])
        self.steps = self._length()

    def _draw_samples(self) -> None:
        if self.engine.is_main:
            count = self.run.sample.count
            labels = spread(self.game.classes, count) if self.game.classes else None
            self.ema.settle(self.game.randomness, self.game.classes)
            made = make_pictures(self.ema.generator, count, self.run.seed, labels)
            # Those of an early stage as large as the last one's, so that all sheets are alike.
            factor = self.game.batches.data.shape.height // self.game.point.stage.image.height
            self._show("samples", pictures.grid(pictures.enlarged(made, factor)))

    def _draw_real(self) -> None:
        if self.engine.is_main:
            real = self.game.batches.take(0, self.run.sample.count).images
            random = self.game.randomness.generator("shown", 0, self.engine.device)
            shown = self.game.view(self.game.augment(real, random), random)
            self._show("real", pictures.grid(pictures.to_uint8(shown)))

    def _show(self, name: str, sheet: NDArray[np.uint8]) -> None:
        epoch = self.game.images_seen / self._pictures
        self._tell(lambda observer: observer.drew(name, self.step, epoch, sheet))

    def _tell(self, event: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            event(observer)


def _load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Go on from an optimiser's state, but with the learning rate and so on of now."""
    now = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    if state["param_groups"][0].keys() != optimizer.param_groups[0].keys():
        raise ValueError("the checkpoint holds the state of another kind of optimizer")
    optimizer.load_state_dict(state)
    for group, values in zip(optimizer.param_groups, now, strict=True):
        group.update(values)

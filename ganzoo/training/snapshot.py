"""All that the rest of a run depends on: taken for a checkpoint, and gone on from."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import nn

from ganzoo.contracts import ImageShape, Stateful
from ganzoo.errors import RequestError
from ganzoo.training.checkpoint import State
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.finite_check import FiniteCheck
from ganzoo.training.phases import Game, Phase


class SnapshotTrainer(Protocol):
    """A trainer, as far as its state goes."""

    game: Game
    engine: Engine
    phases: list[Phase]
    ema: Ema
    finite_check: FiniteCheck
    step: int
    images_generated: int
    rollback_step: int
    rollbacks: int

    def grow(self) -> None:
        """Bring all networks to where the images seen so far have led them."""
        ...


class StatefulComponent:
    """The state of an objective or an augmentation, whose ``code`` says whose an error is."""

    def __init__(self, adaptive: Stateful, code: AbstractContextManager[None]) -> None:
        self._adaptive = adaptive
        self._code = code

    def state_dict(self) -> Mapping[str, Any]:
        """All that it has become."""
        with self._code:
            return self._adaptive.state_dict()

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Become what ``state_dict`` returned."""
        with self._code:
            self._adaptive.load_state_dict(state)


def take(trainer: SnapshotTrainer) -> State:
    """The state of a run."""
    game, data = trainer.game, trainer.game.batches.data
    return {
        "step": trainer.step,
        "images_seen": game.images_seen,
        "images_generated": trainer.images_generated,
        "image_shape": list(data.shape),
        "class_names": list(data.class_names),
        "class_counts": list(game.frequencies.counts) if game.frequencies else [],
        "generator": game.networks.generator.state_dict(),
        "discriminator": game.networks.discriminator.state_dict(),
        "generator_ema": trainer.ema.generator.state_dict(),
        "optimizers": {phase.name: phase.optimizer.state_dict() for phase in trainer.phases},
        "trained": {phase.name: list(phase.named) for phase in trainer.phases},
        "running_means": game.running_means.state_dict(),
        "stream": game.randomness.stream,
        "rollback_step": trainer.rollback_step,
        "rollbacks": trainer.rollbacks,
        "skipped": trainer.finite_check.skipped,
        "stateful": {section: dict(each.state_dict()) for section, each in game.stateful.items()},
    }


def restore(trainer: SnapshotTrainer, state: State) -> None:
    """Bring a run to where ``take`` was called.

    Raises RequestError if the images or the networks have another shape now.
    """
    data, image = trainer.game.batches.data, ImageShape(*state["image_shape"])
    now = (list(data.shape), list(data.class_names))
    if now != (state["image_shape"], state["class_names"]):
        raise RequestError(
            f"the run was trained on images of {image.size} x {image.channels} in "
            f"{len(state['class_names'])} classes; these are {data.shape.size} "
            f"x {data.shape.channels} in "
            f"{len(data.class_names)}: give it the images it was trained on"
        )
    try:
        _restore(trainer, state)
    except RequestError:
        raise
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"the networks no longer fit the checkpoint: {textwrap.shorten(str(error), 300)}"
        ) from error


def _restore(trainer: SnapshotTrainer, state: State) -> None:
    game = trainer.game
    _load(game.networks.generator, state["generator"])
    _load(game.networks.discriminator, state["discriminator"])
    _load(trainer.ema.generator, state["generator_ema"])
    trainer.ema.statistics_are_current = True
    game.images_seen = int(state["images_seen"])
    trainer.grow()
    trainer.phases = game.phases()
    if state["trained"] != {phase.name: list(phase.named) for phase in trainer.phases}:
        raise RequestError(
            "other layers would be trained now than in the checkpoint: leave growth as it was"
        )
    for phase in trainer.phases:
        _load_optimizer(phase.optimizer, state["optimizers"][phase.name])
    for section, each in game.stateful.items():
        if section in state["stateful"]:  # else it is new to the run
            each.load_state_dict(state["stateful"][section])
    game.running_means.load_state_dict(state["running_means"], trainer.engine.device)
    game.reroll(int(state["stream"]))
    trainer.rollback_step = int(state["rollback_step"])
    trainer.rollbacks = int(state["rollbacks"])
    trainer.finite_check.skipped = int(state["skipped"])
    trainer.images_generated = int(state["images_generated"])
    trainer.step = int(state["step"])


def _load(network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Go on with these weights; another type of number would be converted without a word."""
    for name, tensor in network.state_dict().items():
        if name in state and state[name].dtype != tensor.dtype:
            raise ValueError(f"{name} is {state[name].dtype} there and {tensor.dtype} here")
    network.load_state_dict(state)


def _load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Go on from an optimizer's state, but with the learning rate and so on of now."""
    now = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    if state["param_groups"][0].keys() != optimizer.param_groups[0].keys():
        raise ValueError("the checkpoint holds the state of another kind of optimizer")
    optimizer.load_state_dict(state)
    for group, values in zip(optimizer.param_groups, now, strict=True):
        group.update(values)

"""The state of a run as plain values: taken for a checkpoint, and restored from one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import nn

from ganzoo.contracts import Condition, ImageShape, Stateful
from ganzoo.errors import RequestError
from ganzoo.training.checkpoint import State
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.finite_check import FiniteCheck
from ganzoo.training.phases import Game, Phase


class SnapshotTrainer(Protocol):
    """What a snapshot needs of a trainer."""

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
        """Set all networks to the stage and fade of the images seen so far."""
        ...


class StatefulComponent:
    """The state of a loss or an augmentation; its errors become those of the plugin ``code``."""

    def __init__(self, component: Stateful, code: AbstractContextManager[None]) -> None:
        self._component = component
        self._code = code

    def state_dict(self) -> Mapping[str, Any]:
        """The component's state."""
        with self._code:
            return self._component.state_dict()

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore what ``state_dict`` returned."""
        with self._code:
            self._component.load_state_dict(state)


def take(trainer: SnapshotTrainer) -> State:
    """The state of a run."""
    game, data = trainer.game, trainer.game.batches.data
    return {
        "step": trainer.step,
        "images_seen": game.images_seen,
        "images_generated": trainer.images_generated,
        "image_shape": list(data.shape),
        "condition": data.condition.to_plain() if data.condition else None,
        "frequencies": game.frequencies.to_plain() if game.frequencies else None,
        "generator": game.networks.generator.state_dict(),
        "discriminator": game.networks.discriminator.state_dict(),
        "generator_ema": trainer.ema.generator.state_dict(),
        "optimizers": {phase.name: phase.optimizer.state_dict() for phase in trainer.phases},
        "trained_parameters": {phase.name: list(phase.named) for phase in trainer.phases},
        "running_means": game.running_means.state_dict(),
        "randomness_stream": game.randomness.stream,
        "rollback_step": trainer.rollback_step,
        "rollbacks": trainer.rollbacks,
        "skipped_updates": trainer.finite_check.skipped,
        "stateful": {section: dict(each.state_dict()) for section, each in game.stateful.items()},
    }


def restore(trainer: SnapshotTrainer, state: State) -> None:
    """Restore what ``take`` returned.

    Raises RequestError if the images or the networks have another shape now.
    """
    data, image = trainer.game.batches.data, ImageShape(*state["image_shape"])
    before = Condition.from_plain(state["condition"])
    if (list(data.shape), data.condition) != (state["image_shape"], before):
        raise RequestError(
            f"the run was trained on images of {image.size} x {image.channels} with "
            f"{before or 'no classes'}; these are {data.shape.size} x {data.shape.channels} with "
            f"{data.condition or 'no classes'}: resume with the images that the run was trained on"
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
    if state["trained_parameters"] != {phase.name: list(phase.named) for phase in trainer.phases}:
        raise RequestError(
            "other layers would be trained now than in the checkpoint: restore the section growth"
        )
    for phase in trainer.phases:
        _load_optimizer(phase.optimizer, state["optimizers"][phase.name])
    for section, each in game.stateful.items():
        if section in state["stateful"]:  # a component may be new in the run
            each.load_state_dict(state["stateful"][section])
    game.running_means.load_state_dict(state["running_means"], trainer.engine.device)
    game.reroll(int(state["randomness_stream"]))
    trainer.rollback_step = int(state["rollback_step"])
    trainer.rollbacks = int(state["rollbacks"])
    trainer.finite_check.skipped = int(state["skipped_updates"])
    trainer.images_generated = int(state["images_generated"])
    trainer.step = int(state["step"])


def _load(network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Load weights; raise ValueError for another dtype, which torch converts silently."""
    for name, tensor in network.state_dict().items():
        if name in state and state[name].dtype != tensor.dtype:
            raise ValueError(
                f"{name} is {state[name].dtype} in the checkpoint and {tensor.dtype} now"
            )
    network.load_state_dict(state)


def _load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimizer's state, but keep the current learning rate and other options."""
    now = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    if state["param_groups"][0].keys() != optimizer.param_groups[0].keys():
        raise ValueError("the checkpoint has the state of another optimizer")
    optimizer.load_state_dict(state)
    for group, values in zip(optimizer.param_groups, now, strict=True):
        group.update(values)

"""The sections of a run's settings that are the same whatever components it is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ganzoo.components import Options
from ganzoo.data.preparation import Preparation
from ganzoo.settings import listed

_INTERVAL = re.compile(r"(?=[\d.]*[1-9])\d+(\.\d+)? (epochs?|images)")


def _checked(every: Any) -> int | str:
    if isinstance(every, str) and _INTERVAL.fullmatch(every):
        return every
    if isinstance(every, int) and not isinstance(every, bool) and every >= 1:
        return every
    raise ValueError('write a number of steps, or such as "2 epochs" or "50000 images"')


Interval = Annotated[int | str, BeforeValidator(_checked)]
"""How often something happens: every so many steps, or ``"2 epochs"``, or ``"50000 images"``."""


_DURATION = re.compile(r"(?=[\d.]*[1-9])(\d+(?:\.\d+)?) (second|minute|hour|day)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 60 * 60, "day": 24 * 60 * 60}


def seconds(duration: str) -> float:
    """How long ``"90 minutes"`` is.

    Raises ValueError for anything but a number of seconds, minutes, hours or days.
    """
    parts = _DURATION.fullmatch(duration)
    if not parts:
        raise ValueError('write such as "90 minutes", "11.5 hours" or "2 days"')
    return float(parts[1]) * _SECONDS[parts[2]]


def _timed(duration: Any) -> str:
    seconds(str(duration))
    return str(duration)


Duration = Annotated[str, BeforeValidator(_timed)]
"""``"90 minutes"``, or seconds, hours or days."""


class Optimiser(Options):
    """How one player's weights are updated."""

    optimizer: Literal["adam", "rmsprop", "sgd"] = Field(
        "adam", description="The update rule; sgd takes the first of the betas as its momentum."
    )
    lr: float = Field(2e-4, gt=0, description="Learning rate.")
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = Field(
        (0.5, 0.999), description="Decay of Adam's two running means."
    )
    eps: float = Field(1e-8, gt=0, description="Added to Adam's and RMSprop's denominator.")


class Averaging(Options):
    """The exponential moving average of the generator, from which pictures are made."""

    half_life: float = Field(
        20_000,
        ge=0,
        description="Pictures made for the generator's updates until an old weight counts half.",
    )
    rampup: float = Field(
        0.05,
        ge=0,
        description="Half-life is at most this share of the pictures made so far; 0 for no bound.",
    )
    decay: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the old weights that each step keeps, instead of the half-life.",
    )


class Training(Options):
    """How long, with what, and where to train."""

    steps: int = Field(
        10_000, ge=1, description="Steps in all: each is critic_steps critic updates and one of G."
    )
    epochs: float | None = Field(
        None, gt=0, le=1e9, description="Passes over the pictures, instead of steps."
    )
    images: int | None = Field(
        None, ge=1, description="Real pictures shown in all, instead of steps."
    )
    max_time: Duration | None = Field(
        None,
        description='Stop so long after the command began, such as "11.5 hours", with a checkpoint '
        "to go on from; of a sweep, all of it.",
    )
    batch_size: int = Field(
        64, ge=1, le=65536, description="Pictures in a batch, over all processes."
    )
    critic_steps: int = Field(
        1, ge=1, le=1000, description="Discriminator updates per generator update."
    )
    generator: Optimiser = Field(Optimiser(), description="The generator's optimiser.")
    discriminator: Optimiser = Field(Optimiser(), description="The discriminator's optimiser.")
    ema: Averaging = Field(Averaging(), description="The averaged generator.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="auto, cpu, cuda, cuda:N or mps.",
    )
    devices: int = Field(1, ge=1, description="Processes, each on a device of its own.")
    precision: Literal["fp32", "tf32", "bf16"] = Field(
        "fp32", description="Arithmetic of the forward passes; bf16 keeps penalties in float32."
    )
    on_nonfinite: Literal["raise", "skip", "rollback"] = Field(
        "raise",
        description="What a loss or gradient that is not finite does: raise ends the run, skip "
        "leaves the update out, rollback goes on from the last checkpoint with other randomness.",
    )
    channels_last: bool = Field(
        True, description="Keep pictures as (N, H, W, C) in memory, which convolutions prefer."
    )


_Pixels = Annotated[int, Field(ge=1)]


class Growth(Options):
    """How a network that grows does so."""

    start: int = Field(
        4, ge=1, le=1024, description="The smallest resolution that is trained, in pixels."
    )
    fade_images: int = Field(
        600_000, ge=0, description="Real pictures shown while the newest layers are faded in."
    )
    stable_images: int = Field(
        600_000, ge=1, description="Real pictures shown then, before the next layers come."
    )
    freeze: bool = Field(
        False, description="Whether a stage trains its newest layers only, the rest being frozen."
    )
    batch_size: Mapping[_Pixels, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="The largest batch from a resolution on: growth.batch_size.64=16 cuts it to 16 "
        "from 64 pixels on, whatever holds for larger ones.",
    )
    lr_factor: Mapping[_Pixels, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="What both players' learning rates are multiplied by from a resolution on: "
        "growth.lr_factor.128=1.5.",
    )


class Saving(Options):
    """When to write checkpoints."""

    every: Interval = Field(1000, description='Steps between checkpoints, or such as "2 epochs".')
    keep: int = Field(3, ge=1, description="How many of the newest checkpoints to keep.")
    keep_every: Interval | None = Field(
        None, description='Steps between checkpoints that are kept for good, or such as "2 epochs".'
    )


class Sampling(Options):
    """When to draw the grid of samples."""

    every: Interval = Field(
        250, description='Steps between grids of samples, or such as "2 epochs".'
    )
    count: int = Field(64, ge=1, le=1024, description="Pictures in a grid.")


class Evaluating(Options):
    """When to measure how good the generated pictures are, by which metrics."""

    every: Interval | None = Field(
        None, description='Steps between evaluations, or such as "5 epochs"; none if it is not set.'
    )
    metrics: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (), description="Which metrics, such as fd,kid; all that are installed if none is named."
    )
    samples: int = Field(2000, ge=1, le=1_000_000, description="Generated pictures to measure.")
    real: int = Field(
        10_000, ge=1, le=1_000_000, description="Real pictures to compare them with, at most."
    )
    best: str | None = Field(
        None,
        description="The number by which the best checkpoint is kept, such as kid; the first one "
        "that is good when low if it is not set.",
    )


class Logging(Options):
    """When to report the losses."""

    every: Interval = Field(
        50, description='Steps between reports of losses and speed, or such as "2 epochs".'
    )


class Pictures(Preparation):
    """Which pictures, how they are prepared, and how often each is shown."""

    classes: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Only these classes, such as rose,tulip; rose+tulip makes one class of two.",
    )
    balance: bool = Field(False, description="Whether each class is shown equally often.")

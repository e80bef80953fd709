"""Small runs that fail in a known way, and healthy ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

import ganzoo
from ganzoo_dcgan.networks import DcganGenerator

COMMON: Mapping[str, Any] = {
    "dataset.count": 1000,
    "dataset.size": 16,
    "data.resolution": 16,
    "architecture.base_channels": 16,
    "train.batch_size": 32,
    "train.device": "cpu",
    "log.every": 25,
    "sample.every": 50,
    "sample.count": 64,
    "evaluate.every": 160,
    "evaluate.samples": 300,
    "evaluate.real": 500,
    "evaluate.metrics": "kid,memorization,prdc",
    "extractor": "random",
    "checkpoint.every": 100_000,
}


class SlowImages:
    """Images that are read in chunks, each of which takes a while."""

    chunk = 32
    window = 64
    values = None
    class_names = ()
    fingerprint = "slow-1"

    def __len__(self) -> int:
        return 640

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], None]:
        """One of them."""
        return self.read(range(index, index + 1))[0][0], None

    def read(self, indices: range) -> tuple[NDArray[np.uint8], None]:
        """Gray images."""
        time.sleep(0.75)  # so long that it counts on a busy machine, too
        random = np.random.default_rng(indices.start)
        return random.integers(0, 256, (len(indices), 8, 8, 3), np.uint8), None


@dataclass(frozen=True)
class SmallRun:
    """A run of some seconds, and the fault that it has."""

    fault: str
    """The name of the finding; empty for a healthy run."""
    components: tuple[Any, ...] = ("blossoms", "dcgan", "non-saturating")
    steps: int = 800
    settings: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Common settings that do not fit."""
    patch: Callable[[pytest.MonkeyPatch], None] = lambda patch: None
    """What is broken on purpose while it trains."""

    def train(self, folder: Path) -> Path:
        """Train it in a new folder."""
        common = {k: v for k, v in COMMON.items() if not k.startswith(self.without or ("-",))}
        settings = {**common, **self.settings}
        with pytest.MonkeyPatch.context() as patch:
            self.patch(patch)
            ganzoo.train(*self.components, run_dir=folder, settings=settings, steps=self.steps)
        return folder


def forget_latents_of_a_class(patch: pytest.MonkeyPatch) -> None:
    """Let the generator make one image of class 0, whatever the latents are."""
    forward = DcganGenerator.forward

    def forgetful(self: DcganGenerator, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        return forward(self, latents * (condition != 0)[:, None], condition)

    patch.setattr(DcganGenerator, "forward", forgetful)


RUNS: Mapping[str, SmallRun] = {
    "discriminator-lr-times-20": SmallRun(
        "discriminator has won",
        settings={"train.discriminator.lr": 4e-3, "train.generator.lr": 2e-5},
    ),
    "discriminator-lr-divided-by-100": SmallRun(
        "discriminator too weak", settings={"train.discriminator.lr": 2e-6}
    ),
    "collapse": SmallRun(
        "collapse",
        ("blossoms", "mlp", "non-saturating"),
        settings={
            "architecture.width": 128,
            "train.generator.lr": 1e-3,
            "train.generator.steps": 5,
        },
        without=("architecture.base_channels",),
    ),
    "collapse-of-a-class": SmallRun(
        "collapse of a class",
        settings={
            "data.conditional": True,
            "evaluate.per_class": True,
            "evaluate.every": 200,
            "evaluate.metrics": "kid,prdc",
            "evaluate.real": 1000,
        },
        steps=600,
        patch=forget_latents_of_a_class,
    ),
    "copies": SmallRun(
        "copying",
        ("blossoms", "mlp", "wgan-gp"),
        steps=2500,
        settings={
            "dataset.count": 8,
            "architecture.width": 256,
            "architecture.latent_dim": 16,
            "train.batch_size": 16,
            "train.discriminator.steps": 2,
            "train.generator.lr": 5e-4,
            "train.discriminator.lr": 5e-4,
            "evaluate.every": 500,
            "log.every": 100,
            "sample.every": 500,
        },
        without=("architecture.base_channels",),
    ),
    "diverging": SmallRun(
        "diverging",
        ("blossoms", "mlp", "wgan-gp"),
        steps=400,
        settings={
            "architecture.width": 128,
            "regularize.gradient-penalty.weight": 1e-9,
            "train.discriminator.lr": 2e-3,
            "train.discriminator.steps": 1,
        },
        without=("architecture.base_channels",),
    ),
    "ada-at-its-bound": SmallRun(
        "augmentation at its bound",
        settings={
            "dataset.count": 50,
            "augment.ada.ramp_images": 4000,
            "augment.ada.target": -0.5,
        },
    ),
    "slow-data": SmallRun(
        "waiting for data",
        (SlowImages(), "mlp", "hinge"),
        steps=80,
        settings={
            "data.resolution": 8,
            "architecture.width": 32,
            "evaluate.every": None,
            "log.every": 5,
        },
        without=("dataset", "architecture.base_channels"),
    ),
    "healthy-dcgan": SmallRun(""),
    "healthy-wgan-gp": SmallRun("", ("blossoms", "dcgan", "wgan-gp"), 400, {"evaluate.every": 100}),
    "healthy-resnet-hinge": SmallRun(
        "",
        ("blossoms", "resnet", "hinge"),
        500,
        {"architecture.base_channels": 8, "evaluate.every": 100},
    ),
    "healthy-mlp-gray": SmallRun(
        "",
        ("blossoms", "mlp", "non-saturating"),
        settings={"architecture.width": 128, "data.channels": 1},
        without=("architecture.base_channels",),
    ),
}

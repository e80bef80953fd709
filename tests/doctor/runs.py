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
    """A run of some seconds, and what is found in it."""

    fault: str
    """The name of the finding; empty for a healthy run."""
    components: tuple[Any, ...] = ("blossoms", "dcgan", "non-saturating")
    steps: int = 800
    settings: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Common settings that do not fit."""
    patch: Callable[[pytest.MonkeyPatch], None] = lambda patch: None
    """What is broken on purpose while it trains."""
    trend: str = ""
    """The name of the trend; empty if it does not matter."""

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


NO_CHANNELS = ("architecture.base_channels",)
SMALLEST: Mapping[str, Any] = {
    "dataset.count": 400,
    "dataset.size": 8,
    "data.resolution": 8,
    "architecture.width": 64,
    "evaluate.every": None,
}
"""Settings of the cheapest runs, with ``mlp``."""
MLP = ("blossoms", "mlp", "non-saturating")
WGAN_GP = ("blossoms", "mlp", "wgan-gp")

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
        MLP,
        settings={
            "architecture.width": 128,
            "train.generator.lr": 1e-3,
            "train.generator.steps": 5,
        },
        without=NO_CHANNELS,
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
        WGAN_GP,
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
        without=NO_CHANNELS,
    ),
    "diverging": SmallRun(
        "diverging",
        WGAN_GP,
        steps=400,
        settings={
            "architecture.width": 128,
            "regularize.gradient-penalty.weight": 1e-9,
            "train.discriminator.lr": 2e-3,
            "train.discriminator.steps": 1,
        },
        without=NO_CHANNELS,
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
    "r1-gamma-40": SmallRun(
        "penalty too strong",
        MLP,
        steps=300,
        settings={**SMALLEST, "log.every": 10, "regularize.r1.gamma": 40},
        without=NO_CHANNELS,
    ),
    "gradient-penalty-times-100": SmallRun(
        "penalty too strong",
        WGAN_GP,
        steps=150,
        settings={**SMALLEST, "log.every": 10, "regularize.gradient-penalty.weight": 1000},
        without=NO_CHANNELS,
    ),
    "gradient-penalty-divided-by-100": SmallRun(
        "penalty too weak",
        WGAN_GP,
        steps=150,
        settings={**SMALLEST, "log.every": 10, "regularize.gradient-penalty.weight": 0.1},
        without=NO_CHANNELS,
    ),
    "learning-rate-at-zero": SmallRun(
        "learning rate at zero",
        MLP,
        steps=300,
        settings={**SMALLEST, "train.generator.lr": "2e-4 -> 0 linear over 3200 images"},
        without=NO_CHANNELS,
    ),
    "getting-worse": SmallRun(
        "getting worse",
        MLP,
        steps=400,
        settings={
            **SMALLEST,
            "evaluate.every": 40,
            "evaluate.metrics": "kid",
            "train.generator.lr": "constant 2e-4 for 6400 images then 2e-4 -> 0.1 log",
        },
        without=NO_CHANNELS,
    ),
    "plateau": SmallRun(
        "",
        MLP,
        steps=400,
        settings={
            **SMALLEST,
            "evaluate.every": 40,
            "evaluate.metrics": "kid",
            "train.generator.lr": "1e-3 -> 1e-9 log over 8000 images",
            "train.discriminator.lr": "1e-3 -> 1e-9 log over 8000 images",
        },
        without=NO_CHANNELS,
        trend="plateau",
    ),
    "too-short": SmallRun(
        "",
        MLP,
        steps=20,
        settings={**SMALLEST, "log.every": 5},
        without=NO_CHANNELS,
        trend="too short",
    ),
    "healthy-dcgan": SmallRun(""),
    "healthy-wgan-gp": SmallRun(
        "",
        ("blossoms", "dcgan", "wgan-gp"),
        400,
        {"evaluate.every": 100},
        trend="still improving",
    ),
    "healthy-resnet-hinge": SmallRun(
        "",
        ("blossoms", "resnet", "hinge"),
        500,
        {"architecture.base_channels": 8, "evaluate.every": 100},
    ),
    "healthy-gradient-penalty": SmallRun(
        "",
        WGAN_GP,
        steps=150,
        settings={**SMALLEST, "log.every": 10},
        without=NO_CHANNELS,
    ),
    "healthy-r1": SmallRun(
        "",
        MLP,
        steps=300,
        settings={**SMALLEST, "log.every": 10, "regularize.r1": {}},
        without=NO_CHANNELS,
    ),
    "healthy-mlp-gray": SmallRun(
        "",
        MLP,
        settings={"architecture.width": 128, "data.channels": 1},
        without=NO_CHANNELS,
    ),
}

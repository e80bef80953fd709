"""The runs of the trials, and the states that they end with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent

WITHOUT_ADAM = {
    "train.discriminator.optimizer": "sgd",
    "train.discriminator.betas": [0, 0],
    "train.discriminator.lr": 0.1,
}
"""For losses that do not depend on the discriminator's last bias, as hinge while all scores are
inside its margin: Adam would scale up the rounding errors of a gradient of 0.
"""

TRIALS: Mapping[str, Mapping[str, Any]] = {
    "lazy_r1": {
        "plugins": ["tiny"],
        "settings": {"regularize.r1.every": 4, "regularize.r1.gamma": 1},
    },
    "schedules": {
        "plugins": ["tiny"],
        "settings": {
            "train.generator.lr": "2e-4 -> 0 cosine over 60 images",
            "train.discriminator.betas": [0.5, "0.9 -> 0.99 linear over 40 images"],
            "regularize.r1.gamma": "constant 1 for 8 images then 1 -> 0.1 log over 32 images",
            "regularize.r1.every": 2,
            "augment.ada.target": "-0.9 -> 0.9 linear over 48 images",
            "augment.ada.ramp_images": 100,
        },
    },
    "ada": {
        "plugins": ["tiny"],
        "settings": {
            "augment.ada.ramp_images": 40,
            "augment.ada.target": -1,
            "augment.ada.noise": 1,
            "regularize.r1": True,
        },
    },
    "stylegan2": {
        "plugins": [],
        "architecture": "stylegan2",
        "settings": {
            "architecture.max_channels": 4,
            "architecture.latent_dim": 4,
            "architecture.mapping_layers": 2,
            "architecture.mbstd_group_size": 1,  # each process compares its own images
            "regularize.r1.every": 2,
        },
    },
    "apa": {
        "plugins": ["tiny"],
        "loss": "soft-hinge",
        "settings": {
            "regularize.dragan": True,
            "augment.apa.ramp_images": 60,
            "augment.apa.target": -1,
            "regularize.r1.every": 2,
        },
    },
    "continuous_condition": {
        "plugins": ["continuous_condition"],
        "architecture": "continuous",
        "settings": {
            "dataset.condition": "vector",
            "regularize.r1.every": 2,
            "regularize.mismatch": True,
        },
    },
    "simultaneous": {
        "plugins": ["tiny"],
        "settings": {
            "train.simultaneous": True,
            "regularize.r1.every": 2,
            "regularize.gradient-penalty": True,
            "augment.ada.ramp_images": 40,
            "augment.ada.target": -1,
        },
    },
    "shared_fakes": {
        "plugins": ["tiny"],
        "settings": {"train.share_fakes": True, "regularize.r1.every": 2, "regularize.lecam": True},
    },
    "frozen_features": {
        "plugins": ["frozen_features"],
        "architecture": "frozen-features",
        "loss": "hinge",
        "settings": {"regularize.r1": True, **WITHOUT_ADAM},
    },
    "transport": {"plugins": ["transport", "tiny"], "settings": {"regularize.transport": True}},
    "energy_distance": {"plugins": ["energy_distance", "tiny"], "loss": "energy-distance"},
    "dual_contrastive": {
        "plugins": ["tiny"],
        "loss": "dual-contrastive",
        "settings": WITHOUT_ADAM,
    },
    "cycle_gan": {
        "plugins": ["cycle_gan"],
        "dataset": "squares",
        "architecture": "two-domains",
        "loss": "cycle-gan",
        "resolution": "16x8",
        "settings": {
            "train.others.back.lr": "1e-3 -> 1e-4 linear over 40 images",
            "train.others.discriminator_a.betas": [0.1, 0.9],
        },
    },
}
"""The arguments of ``ganzoo.train`` in which each trial differs from ``arguments``."""

STATEFUL = ("schedules", "ada", "apa", "simultaneous", "stylegan2", "cycle_gan")
"""Trials with a state of their own, beside weights and optimizers."""


def files(name: str) -> list[Path]:
    """The plugins of a trial."""
    return [HERE / f"{plugin}.py" for plugin in TRIALS[name]["plugins"]]


def arguments(name: str, folder: Path, **settings: Any) -> dict[str, Any]:
    """The arguments of ``ganzoo.train`` for a run of a trial in a folder."""
    chosen: dict[str, Any] = {"dataset": "blossoms", "architecture": "tiny", "resolution": 8}
    chosen |= {"loss": "non-saturating", **TRIALS[name], "plugins": files(name)}
    common = {"train.batch_size": 8, "sample.count": 4, "log.every": 4}
    if chosen["dataset"] == "blossoms":
        common["dataset.count"] = 20
    return {
        **chosen,
        "settings": {**common, **TRIALS[name].get("settings", {}), **settings},
        "device": "cpu",
        "run_dir": folder,
        "quiet": True,
    }


def state(folder: Path, steps: int = 6) -> dict[str, Any]:
    """All values in the checkpoint of a step, by their dotted keys."""
    file = folder / "checkpoints" / f"step-{steps:07}.pt"
    return dict(_flat(torch.load(file, weights_only=True), ""))


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flat(each, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        yield from _flat(dict(enumerate(value)), key)
    else:
        yield key, value

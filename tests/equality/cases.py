"""Small runs that together have every installed loss, regularizer, augmentation, architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.registry import Registry
from tests.conftest import SMALL

BATCH_SIZE = 12
"""It can be divided by 2, 3 and 4."""
STEPS = 3

_COMMON: Mapping[str, Any] = {
    "dataset": "blossoms",
    "dataset.count": 20,
    "data.resolution": 8,
    "loss": "non-saturating",
    "train.batch_size": BATCH_SIZE,
    "train.device": "cpu",
    "train.sync_batch_norm": True,
}
_OF_COMPONENT: Mapping[str, Mapping[str, Any]] = {
    "ada": {"augment.ada.ramp_images": 40, "augment.ada.target": -1, "augment.ada.noise": 1},
    "apa": {"augment.apa.ramp_images": 60, "augment.apa.target": -1},
    "auxiliary-classifier": {"data.conditional": True, "architecture": "dcgan"},
    "dcgan": {"architecture.dropout": 0.2},
    "fastgan-reconstruction": {"architecture": "fastgan"},
    "mismatch": {"data.conditional": True},
    "mlp": {"architecture.dropout": 0.2},
    "path-length": {"regularize.path-length.every": 2, "train.batch_size": 2 * BATCH_SIZE},
    "progressive": {"growth.start": 8},
}
"""More settings of runs with these components."""

_UPDATES: Mapping[str, Mapping[str, Any]] = {
    "simultaneous": {
        "loss": "wgan-gp",
        "architecture.dropout": 0.2,
        "augment.ada.ramp_images": 40,
        "augment.ada.target": -1,
        "regularize.r1.every": 2,
        "train.discriminator.steps": 1,
        "train.on_nonfinite": "skip",
        "train.simultaneous": True,
    },
    "shared fakes": {
        "loss": "non-saturating",
        "architecture.dropout": 0.2,
        "regularize.r1.every": 2,
        "train.discriminator.steps": 2,
        "train.share_fakes": True,
    },
}
"""Settings that change what an update is, together with a penalty and with feedback."""

SLOW = "architecture/projected"
"""A case whose frozen network takes longer than all other cases."""

EVALUATED: Mapping[str, Any] = {
    **_COMMON,
    **SMALL["dcgan"],
    "architecture": "dcgan",
    "extractor": "random",
    "evaluate.every": 1,
    "evaluate.samples": 3 * 64 + 10,
    "evaluate.metrics": "fd,moments",
}
"""A run with evaluations of 4 blocks of images, the last of which has fewer."""

LONG: Mapping[str, Any] = {
    **_COMMON,
    **SMALL["dcgan"],
    "architecture": "dcgan",
    "train.sync_batch_norm": False,
    "augment.ada.ramp_images": 2000,
    "augment.ada.target": -1,
    "regularize.r1.every": 4,
    "regularize.lecam": True,
}
"""A run with all kinds of state: batch norm of each process, an adaptive augmentation, a lazy
regularizer, moving averages.
"""


def cases() -> dict[str, dict[str, Any]]:
    """The settings of each run, by ``KIND/NAME`` of the component or the update it is for."""
    registry = Registry.discover()
    keys = {
        "loss": "loss={}",
        "regularizer": "regularize.{}=true",
        "augmentation": "augment.{}=true",
        "architecture": "architecture={}",
    }
    found = {}
    for kind, key in keys.items():
        for name in (entry.component.name for entry in registry.entries(kind)):
            setting, value = key.format(name).split("=")
            chosen: dict[str, Any] = {**_COMMON, "architecture": "mlp", setting: value}
            chosen.update(_OF_COMPONENT.get(name, {}))
            found[f"{kind}/{name}"] = chosen | SMALL.get(chosen["architecture"], {})
    for name, more in _UPDATES.items():
        found[f"update/{name}"] = {**_COMMON, "architecture": "mlp", **SMALL["mlp"], **more}
    return found

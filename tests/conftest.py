"""Fixtures of all tests: an own cache folder, and the arguments of runs that take seconds."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch

import ganzoo
from ganzoo.training.stopping import Stopping

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"architecture.base_channels": 2, "architecture.latent_dim": 4},
    "fastgan": {
        "architecture.base_channels": 2,
        "architecture.latent_dim": 4,
        "data.resolution": 16,
    },
    "fully-convolutional": {"architecture.base_channels": 2},
    "growing-mlp": {"architecture.width": 4, "architecture.latent_dim": 4},
    "ladagan": {
        "architecture.channels": [8, 4],
        "architecture.discriminator_channels": 4,
        "architecture.hidden_channels": 4,
        "architecture.latent_dim": 4,
    },
    "mlp": {"architecture.width": 4, "architecture.latent_dim": 4},
    "progressive": {"architecture.max_channels": 4, "architecture.latent_dim": 4},
    "projected": {
        "architecture.base_channels": 2,
        "architecture.latent_dim": 4,
        "architecture.features": "random",
        "architecture.feature_resolution": 64,
        "architecture.mixing_channels": 4,
    },
    "r3gan": {
        "architecture.max_channels": 4,
        "architecture.group_size": 4,
        "architecture.blocks": 1,
        "architecture.latent_dim": 4,
    },
    "resnet": {"architecture.base_channels": 2, "architecture.latent_dim": 4},
    "stylegan2": {
        "architecture.max_channels": 4,
        "architecture.latent_dim": 4,
        "architecture.mapping_layers": 2,
    },
}
"""Settings that make an architecture small; other architectures use their defaults."""
_NUMBERS = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need a GPU where there is none."""
    if not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="this machine has no CUDA device")
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test."""
    # mktemp looks through all earlier folders for the next number.
    folder = tmp_path_factory.getbasetemp() / "caches" / str(next(_NUMBERS))
    folder.mkdir(parents=True)
    monkeypatch.setenv("GANZOO_CACHE", str(folder))
    monkeypatch.setenv("GANZOO_TRACEBACK", "")  # a command may set it; monkeypatch restores it
    monkeypatch.setenv("HF_HOME", str(folder / "huggingface"))  # its own cache
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread: more do not help with small tensors and slow down other processes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def default_signals() -> None:
    """Handle signals, which a shell ignores for tests that it starts with `&` or nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture
def small() -> Mapping[str, Mapping[str, Any]]:
    """Options that make architectures small, by architecture."""
    return SMALL


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Arguments of ``ganzoo.train`` for a run of about a second in the given folder."""

    def arguments(
        folder: str = "run", architecture: str = "dcgan", loss: str = "non-saturating", **more: Any
    ) -> dict[str, Any]:
        is_blossoms = more.get("dataset", "blossoms") == "blossoms"
        settings = {
            **({"dataset.count": 20} if is_blossoms else {}),
            "train.batch_size": 8,
            "train.discriminator.steps": 2,
            "sample.count": 4,
            **SMALL.get(architecture, {}),
            **more.pop("settings", {}),
        }
        return {
            "dataset": "blossoms",
            "architecture": architecture,
            "loss": loss,
            "run_dir": tmp_path / folder,
            "resolution": settings.pop("data.resolution", 8),
            "steps": 3,
            "device": "cpu",
            "quiet": True,
            "settings": settings,
            **more,
        }

    return arguments


@pytest.fixture
def stopped() -> Callable[[Mapping[str, Any], int], Path]:
    """Train with the arguments of ``ganzoo.train``, and stop after some steps."""

    def train(arguments: Mapping[str, Any], steps: int) -> Path:
        answers = iter([False] * steps + [True])
        with patch.object(Stopping, "__call__", lambda self: next(answers)):
            return ganzoo.train(**arguments).folder

    return train

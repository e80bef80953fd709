"""What tests share: a cache folder of their own, and runs small enough for seconds."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

SMALL = {
    "dcgan": {"architecture.base_channels": 2, "architecture.latent_dim": 4},
    "fully-convolutional": {"architecture.base_channels": 2},
    "growing-mlp": {"architecture.width": 4, "architecture.latent_dim": 4},
    "mlp": {"architecture.width": 4, "architecture.latent_dim": 4},
    "progressive": {"architecture.max_channels": 4, "architecture.latent_dim": 4},
}
"""Options that make an architecture small; one that is not named here is tried as it is."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for this test alone."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANZOO_CACHE", str(folder))
    monkeypatch.setenv("GANZOO_TRACEBACK", "")  # the command may set it; this sets it back
    monkeypatch.setenv("HF_HOME", str(folder / "huggingface"))  # which has a cache of its own
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors gain nothing from more threads, and lose much where other processes work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def heard_signals() -> None:
    """Signals are heard, also where a shell started the tests with `&` or nohup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.fixture
def small() -> Mapping[str, Mapping[str, int]]:
    """Options that make an architecture small, by its name."""
    return SMALL


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The arguments of ``ganzoo.train`` for a run of a second, in a folder of that name."""

    def arguments(
        folder: str = "run", architecture: str = "dcgan", loss: str = "non-saturating", **more: Any
    ) -> dict[str, Any]:
        drawn = more.get("dataset", "blossoms") == "blossoms"
        settings = {
            **({"dataset.count": 20} if drawn else {}),
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
            "resolution": 8,
            "steps": 3,
            "device": "cpu",
            "quiet": True,
            "settings": settings,
            **more,
        }

    return arguments

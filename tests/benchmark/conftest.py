"""Runs that are measured in a moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ganzoo.benchmark.ceiling import Ceiling
from ganzoo.run import Run
from ganzoo.settings import Settings

Resolved = Callable[..., Run]


@pytest.fixture
def resolved() -> Resolved:
    """A tiny run; accepts more assignments."""

    def resolve(*assignments: str) -> Run:
        settings = Settings()
        settings.override(
            [
                *("dataset=blossoms", "architecture=dcgan", "loss=hinge", "train.device=cpu"),
                *("dataset.count=20", "data.resolution=8", "train.batch_size=4"),
                *("architecture.base_channels=2", "architecture.latent_dim=4", *assignments),
            ]
        )
        return Run.resolve(settings)

    return resolve


@pytest.fixture
def known_ceiling(monkeypatch: pytest.MonkeyPatch) -> Ceiling:
    """A ceiling that needs no measurement."""
    ceiling = Ceiling(matrix_product=1e12, convolution=2e12, copy=1e9)
    monkeypatch.setattr(Ceiling, "measure", lambda *_: ceiling)
    return ceiling

"""Fixtures for the tests of plugins, which pytest finds where ganzoo is installed.

It imports nothing of ganzoo before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from ganzoo import TrainedRun


class TinyRun(Protocol):
    """What the fixture ``tiny_run`` returns."""

    def __call__(
        self,
        plugin: ModuleType | object | None = None,
        *,
        dataset: Any = None,
        architecture: Any = None,
        loss: Any = None,
        augment: Any = (),
        regularize: Any = (),
        recipe: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> TrainedRun:
        """Train four steps, and check that a resumed copy is the same."""
        ...


@pytest.fixture(scope="session")
def tiny_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images, 16 x 16 pixels: 8 in each of the folders ``bright`` and ``dark``."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, low in (("bright", 128), ("dark", 0)):
        (folder / name).mkdir()
        for number in range(8):
            pixels = random.integers(low, low + 128, size=(16, 16, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def tiny_run(tmp_path: Path) -> TinyRun:
    """``ganzoo.testing.check_run`` in folders of this test."""

    def run(plugin: ModuleType | object | None = None, **arguments: Any) -> TrainedRun:
        from ganzoo.testing import check_run

        number = 1 + len(list(tmp_path.glob("tiny-run-*")))
        return check_run(plugin=plugin, folder=tmp_path / f"tiny-run-{number}", **arguments)

    return run

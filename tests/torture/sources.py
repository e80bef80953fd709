"""What a dataset must make of an input that it does not refuse."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.contracts import BulkSource, ImageSource
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.registry import Registry

HOW = [Preparation(resolution=8, channels=channels) for channels in ("auto", 1, 4)]
"""Each way that pictures are prepared."""


@cache
def _registry() -> Registry:
    return Registry.discover()


def source(dataset: str, path: Path, **options: Any) -> ImageSource:
    """The source of pictures that a dataset makes of a path and options."""
    component = _registry().find("dataset", dataset).component
    built: ImageSource = component.build(
        component.options.model_validate({"path": path, **options})
    )
    return built


def check(found: ImageSource) -> None:
    """Read all pictures, and assert their shape and that labels are of the classes."""
    for picture, label in _items(found):
        assert label is None or 0 <= label < len(found.class_names)
        for how in HOW:
            ready = prepare(picture, how)
            assert ready.shape == (8, 8, how.most_channels)
            assert ready.dtype == np.uint8
    "".join(found.class_names).encode()


def _items(found: ImageSource) -> list[tuple[Any, int | None]]:
    """All pictures; of those that are read in bulk, which are alike, the first."""
    if not isinstance(found, BulkSource):
        return [found[index] for index in range(len(found))]
    for start in range(0, len(found), 1024):
        indices = range(start, min(start + 1024, len(found)))
        pictures, labels = found.read(indices)
        assert pictures.dtype == np.uint8
        assert len(pictures) == len(indices)
        assert labels is None or set(labels.tolist()) <= set(range(len(found.class_names)))
    return [found[0]]

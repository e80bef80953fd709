"""What a dataset must make of an input that it does not refuse."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.contracts import BulkDataset, Dataset
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.registry import Registry

HOW = [Preparation(resolution=8, channels=channels) for channels in ("auto", 1, 4)]
"""Each way that images are prepared."""


@cache
def _registry() -> Registry:
    return Registry.discover()


def source(dataset: str, path: Path, **options: Any) -> Dataset:
    """The source of images that a dataset makes of a path and options."""
    component = _registry().find("dataset", dataset).component
    built: Dataset = component.build(component.options.model_validate({"path": path, **options}))
    return built


def check(found: Dataset) -> None:
    """Read all images, and assert their shape and that labels are of the classes."""
    for image, label in _items(found):
        assert label is None or 0 <= label < len(found.class_names)
        for how in HOW:
            ready = prepare(image, how)
            assert ready.shape == (8, 8, how.most_channels)
            assert ready.dtype == np.uint8
    "".join(found.class_names).encode()


def _items(found: Dataset) -> list[tuple[Any, int | None]]:
    """All images; of those that are read in bulk, which are alike, the first."""
    if not isinstance(found, BulkDataset):
        return [found[index] for index in range(len(found))]
    for start in range(0, len(found), 1024):
        indices = range(start, min(start + 1024, len(found)))
        images, labels = found.read(indices)
        assert images.dtype == np.uint8
        assert len(images) == len(indices)
        assert labels is None or set(labels.tolist()) <= set(range(len(found.class_names)))
    return [found[0]]

"""Checks of the images of a dataset that accepts an input."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.contracts import BulkDataset, Dataset, condition_of
from ganzoo.data.conditions import require_value
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.registry import Registry

PREPARATIONS = [Preparation(resolution=8, channels=channels) for channels in ("auto", 1, 4)]
"""Several ways to prepare images."""


@cache
def _registry() -> Registry:
    return Registry.discover()


def open_dataset(dataset: str, path: Path, **options: Any) -> Dataset:
    """The dataset of this name for a path and options."""
    component = _registry().find("dataset", dataset).component
    built: Dataset = component.build(component.options.model_validate({"path": path, **options}))
    return built


def check_dataset(found: Dataset) -> None:
    """Read and prepare all images, and check their shapes, labels and values."""
    for image, value in _items(found):
        require_value(value, condition_of(found), 0, "")
        for how in PREPARATIONS:
            ready = prepare(image, how)
            assert ready.shape == (8, 8, how.most_channels)
            assert ready.dtype == np.uint8
    "".join(found.class_names).encode()


def _items(found: Dataset) -> list[tuple[Any, Any]]:
    """All images; of a dataset that is read in bulk only the first one, since all are alike."""
    if not isinstance(found, BulkDataset):
        return [found[index] for index in range(len(found))]
    for start in range(0, len(found), 1024):
        indices = range(start, min(start + 1024, len(found)))
        images, values = found.read(indices)
        assert images.dtype == np.uint8
        assert len(images) == len(indices)
        for value in [] if values is None else values.tolist():
            require_value(value, condition_of(found), 0, "")
    return [found[0]]

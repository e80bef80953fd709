"""A check that prepared images still match their dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Dataset, SequentialDataset
from ganzoo.data.cache_writer import read_one
from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError, UnreadableImage

_TOLERANCE = 2.0
"""Allowed mean difference, in levels of 0 to 255: versions of decoders differ slightly."""


class PreparedRows(Protocol):
    """Images with their labels, as they are in the cache."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """(N, H, W, C)."""
        ...

    @property
    def values(self) -> NDArray[Any] | None:
        """The labels or values of all images, (N,) or (N, D)."""
        ...

    @property
    def left_out(self) -> tuple[int, ...]:
        """The numbers, in the dataset, of images that could not be read."""
        ...


def require_unchanged(
    found: PreparedRows, dataset: Dataset, preparation: Preparation, folder: Path, dataset_name: str
) -> None:
    """Raise RequestError if the dataset's images changed but its fingerprint did not.

    Compares the number of images, and the first, middle and last image with their labels or
    values. Compares only the number if the dataset has to read everything to return one image.
    """
    count = len(found.images) + len(found.left_out)
    if len(dataset) != count:
        _refuse(f"it has {len(dataset)} images, but {count} are prepared", folder, dataset_name)
    if isinstance(dataset, SequentialDataset) and dataset.sequential:
        return
    kept = np.delete(np.arange(count), found.left_out)
    for row_number in sorted({0, len(kept) // 2, len(kept) - 1}):
        number = int(kept[row_number])
        try:
            row = read_one(dataset, number, preparation)
        except UnreadableImage:  # this does not show whether the images changed
            continue
        if row.pixels is None:
            continue
        before = found.images[row_number].astype(np.float32)
        now = row.pixels[..., : before.shape[-1]].astype(np.float32)
        if now.shape != before.shape or np.abs(now - before).mean() > _TOLERANCE:
            _refuse(f"image {number} differs from the prepared image", folder, dataset_name)
        if found.values is None:
            continue
        if not np.array_equal(np.array(row.value, found.values.dtype), found.values[row_number]):
            _refuse(
                f"image {number} has the label {row.value}, but its prepared label is "
                f"{found.values[row_number].tolist()}",
                folder,
                dataset_name,
            )


def _refuse(what: str, folder: Path, dataset_name: str) -> NoReturn:
    name = f"dataset {dataset_name}" if dataset_name else "the dataset"
    raise RequestError(
        f"{name}: its images changed, but its fingerprint did not: {what}; the plugin must "
        f"correct its fingerprint; until then, delete {folder} to prepare the images again"
    )

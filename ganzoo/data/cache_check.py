"""Whether prepared images are still those of their source."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Dataset, SequentialDataset
from ganzoo.data.cache_writer import read_one
from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError, UnreadableImage

_TOLERANCE = 2.0
"""Of the mean difference, in levels of 0 to 255: decoders may differ a little by version."""


class PreparedRows(Protocol):
    """Images with their labels, as the cache keeps them."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """(N, H, W, C)."""
        ...

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """(N,)."""
        ...

    @property
    def left_out(self) -> tuple[int, ...]:
        """The numbers in the source of those that could not be read."""
        ...


def require_unchanged(
    found: PreparedRows, dataset: Dataset, preparation: Preparation, folder: Path, dataset_name: str
) -> None:
    """Raise RequestError if a source of this fingerprint has other images than those prepared.

    The number of images is compared, and the first, middle and last of them with their labels.
    Only the number is, if the source has to read everything to give one image.
    """
    count = len(found.images) + len(found.left_out)
    if len(dataset) != count:
        _refuse(f"there are {len(dataset)} images, and {count} were prepared", folder, dataset_name)
    if isinstance(dataset, SequentialDataset) and dataset.sequential:
        return
    kept = np.delete(np.arange(count), found.left_out)
    for row_number in sorted({0, len(kept) // 2, len(kept) - 1}):
        number = int(kept[row_number])
        try:
            row = read_one(dataset, number, preparation)
        except UnreadableImage:  # which says nothing about the prepared images
            continue
        if row.pixels is None:
            continue
        before = found.images[row_number].astype(np.float32)
        now = row.pixels[..., : before.shape[-1]].astype(np.float32)
        if now.shape != before.shape or np.abs(now - before).mean() > _TOLERANCE:
            _refuse(f"image {number} is not the one that was prepared", folder, dataset_name)
        if found.labels is not None and row.label != found.labels[row_number]:
            _refuse(
                f"image {number} has the label {row.label}, and was prepared with "
                f"{found.labels[row_number]}",
                folder,
                dataset_name,
            )


def _refuse(what: str, folder: Path, dataset_name: str) -> NoReturn:
    called = f"dataset {dataset_name}" if dataset_name else "the dataset"
    raise RequestError(
        f"{called}: its fingerprint did not change though its images did: {what}. The plugin must "
        f"correct its fingerprint; until then, delete {folder}, and they are prepared again"
    )

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


class Prepared(Protocol):
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
    found: Prepared, source: Dataset, how: Preparation, folder: Path, dataset: str
) -> None:
    """Raise RequestError if a source of this fingerprint has other images than those prepared.

    The number of images is compared, and the first, middle and last of them with their labels.
    Only the number is, if the source has to read everything to give one image.
    """
    count = len(found.images) + len(found.left_out)
    if len(source) != count:
        _refuse(f"there are {len(source)} images, and {count} were prepared", folder, dataset)
    if isinstance(source, SequentialDataset) and source.sequential:
        return
    kept = np.delete(np.arange(count), found.left_out)
    for place in sorted({0, len(kept) // 2, len(kept) - 1}):
        number = int(kept[place])
        try:
            row = read_one(source, number, how)
        except UnreadableImage:  # which says nothing about the prepared images
            continue
        if row.pixels is None:
            continue
        before = found.images[place].astype(np.float32)
        now = row.pixels[..., : before.shape[-1]].astype(np.float32)
        if now.shape != before.shape or np.abs(now - before).mean() > _TOLERANCE:
            _refuse(f"image {number} is not the one that was prepared", folder, dataset)
        if found.labels is not None and row.label != found.labels[place]:
            _refuse(
                f"image {number} has the label {row.label}, and was prepared with "
                f"{found.labels[place]}",
                folder,
                dataset,
            )


def _refuse(what: str, folder: Path, dataset: str) -> NoReturn:
    called = f"dataset {dataset}" if dataset else "the dataset"
    raise RequestError(
        f"{called}: its fingerprint did not change though its images did: {what}. The plugin must "
        f"correct its fingerprint; until then, delete {folder}, and they are prepared again"
    )

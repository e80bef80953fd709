"""Prepared images to be written into files, with facts and texts about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.collection import Collection

Progress = Callable[[int, int], None]
"""Called with the number of images written so far, and the total."""

_BLOCK_BYTES = 2**20
"""The approximate size of a block of images, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Prepared images, with facts and texts about them."""

    data: Collection
    facts: Mapping[str, str] = field(default_factory=dict)
    """Facts about all images: where they come from and how they were prepared."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """A text for each image, by the kind of text: description, source."""
    compress: bool = False
    shards: int = 0
    """The number of files to split the images into; 0 for an output that is not split."""

    @property
    def block_size(self) -> int:
        """The number of images in a block of about one mebibyte."""
        return min(len(self.data), max(1, _BLOCK_BYTES // math.prod(self.data.shape)))

    @property
    def values(self) -> Mapping[str, NDArray[Any]]:
        """The arrays about the images' classes or values, by name: numbers, names and ranges."""
        data = self.data
        if data.values is None or data.condition is None:
            return {}
        chosen, names = data.values[data.indices], np.array(data.condition.names, str)
        if data.condition.kind == "class":
            return {"labels": chosen, "class_names": names}
        if data.condition.kind == "classes":
            return {"labels": chosen.astype(np.uint8), "class_names": names}
        ranges = np.array(data.condition.ranges)
        return {"labels": chosen, "value_names": names, "value_ranges": ranges}

    def blocks(self, progress: Progress) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """The images in blocks, each with its rows as a slice."""
        progress(0, len(self.data))
        for start in range(0, len(self.data), self.block_size):
            rows = slice(start, min(start + self.block_size, len(self.data)))
            yield rows, self.data.store.take(self.data.indices[rows])
            progress(rows.stop, len(self.data))

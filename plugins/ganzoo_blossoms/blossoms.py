"""The dataset of drawn flowers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.drawing import VERSION, draw
from ganzoo_blossoms.ring import MAX_PETALS, MIN_PETALS, petal_counts

if TYPE_CHECKING:
    from ganzoo_blossoms import BlossomsOptions


@dataclass(frozen=True)
class Blossoms:
    """``count`` square images of flowers; the label is the number of petals minus 3."""

    seed: int
    count: int
    size: int
    """Height and width, in pixels."""

    @property
    def class_names(self) -> Sequence[str]:
        """The names "3 petals" to "8 petals"."""
        return [f"{n} petals" for n in range(MIN_PETALS, MAX_PETALS + 1)]

    @property
    def fingerprint(self) -> str:
        """Everything that the images depend on."""
        return f"blossoms-{VERSION}-seed-{self.seed}-count-{self.count}-size-{self.size}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        index = range(self.count)[index]
        images, labels = self.read(range(index, index + 1))
        return images[0], int(labels[0])

    def at(self, resolution: int) -> Blossoms:
        """The same flowers at another resolution."""
        return replace(self, size=resolution)

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, size, size, 3), and their labels, int64 (N,).

        Raises IndexError if an index is not in 0 to ``count - 1``.
        """
        if indices and not 0 <= min(indices) <= max(indices) < self.count:
            raise IndexError(f"no such images: {indices} of {self.count}")
        return draw(self.seed, indices, self.size), petal_counts(self.seed, indices) - MIN_PETALS


def make_blossoms(options: BlossomsOptions) -> Blossoms:
    """The dataset for these options."""
    return Blossoms(seed=options.seed, count=options.count, size=options.size)

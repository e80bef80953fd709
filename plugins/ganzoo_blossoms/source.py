"""The drawn flowers as a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.drawing import VERSION, draw
from ganzoo_blossoms.ring import FEWEST, MOST, petal_counts

if TYPE_CHECKING:
    from ganzoo_blossoms import BlossomsOptions


@dataclass(frozen=True)
class Blossoms:
    """``count`` images of flowers, square, labeled by their number of petals."""

    seed: int
    count: int
    size: int
    """Height and width, in pixels."""

    @property
    def class_names(self) -> Sequence[str]:
        """The numbers of petals, the fewest first."""
        return [f"{n} petals" for n in range(FEWEST, MOST + 1)]

    @property
    def fingerprint(self) -> str:
        """All that the images depend on."""
        return f"blossoms-{VERSION}-seed-{self.seed}-count-{self.count}-size-{self.size}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        index = range(self.count)[index]
        images, labels = self.read(range(index, index + 1))
        return images[0], int(labels[0])

    def at(self, resolution: int) -> Blossoms:
        """The same flowers in images of another size."""
        return replace(self, size=resolution)

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Many images at once: uint8 (N, size, size, 3), and their labels, int64 (N,).

        Raises IndexError where a number is not from 0 to ``count - 1``.
        """
        if indices and not 0 <= min(indices) <= max(indices) < self.count:
            raise IndexError(f"no such images: {indices} of {self.count}")
        return draw(self.seed, indices, self.size), petal_counts(self.seed, indices) - FEWEST


def blossoms(options: BlossomsOptions) -> Blossoms:
    """The source of drawn flowers that the options describe."""
    return Blossoms(seed=options.seed, count=options.count, size=options.size)

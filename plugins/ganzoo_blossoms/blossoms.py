"""The dataset of drawn flowers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import Condition
from ganzoo_blossoms.drawing import VERSION, draw
from ganzoo_blossoms.properties import CONDITIONS, properties

if TYPE_CHECKING:
    from ganzoo_blossoms import BlossomsOptions


@dataclass(frozen=True)
class Blossoms:
    """``count`` square images of flowers, with a class or values of each."""

    seed: int
    count: int
    size: int
    """Height and width, in pixels."""
    condition_kind: str = "class"
    """What is told about each image: its class, its petals, or all of its values."""

    @property
    def condition(self) -> Condition:
        """The classes "3 petals" to "8 petals", or the values petals, hue and size."""
        return CONDITIONS[self.condition_kind]

    @property
    def class_names(self) -> Sequence[str]:
        """The names of the classes, if there are any."""
        return self.condition.class_names

    @property
    def fingerprint(self) -> str:
        """Everything that the images depend on."""
        return f"blossoms-{VERSION}-seed-{self.seed}-count-{self.count}-size-{self.size}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], Any]:
        index = range(self.count)[index]
        images, values = self.read(range(index, index + 1))
        return images[0], values[0].tolist()

    def at(self, resolution: int) -> Blossoms:
        """The same flowers at another resolution."""
        return replace(self, size=resolution)

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        """Images, uint8 (N, size, size, 3), and labels, int64 (N,), or values, float32 (N, D).

        Raises IndexError if an index is not in 0 to ``count - 1``.
        """
        if indices and not 0 <= min(indices) <= max(indices) < self.count:
            raise IndexError(f"no such images: {indices} of {self.count}")
        return draw(self.seed, indices, self.size), properties(
            self.seed, indices, self.condition_kind
        )


def make_blossoms(options: BlossomsOptions) -> Blossoms:
    """The dataset for these options."""
    return Blossoms(options.seed, options.count, options.size, options.condition)

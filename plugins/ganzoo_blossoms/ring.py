"""The arrangement of petals around the center of a flower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.randomness import Draws, Float

MIN_PETALS, MAX_PETALS = 3, 8
_LAST_SECTOR = 5


def petal_counts(seed: int, indices: range) -> NDArray[np.int64]:
    """The number of petals of each image, (N,)."""
    return MIN_PETALS + Draws(seed, "count", indices).below(MAX_PETALS - MIN_PETALS + 1)


@dataclass(frozen=True)
class Ring:
    """The directions and individual properties of petals, as tables (N, 11) by sector.

    Sector j is between petals j and j + 1, for j from -5 to 5; petals j and j + n are the same.
    So a full turn from any direction finds its sectors and petals without wrapping.
    """

    n: Float
    """The number of petals, (N, 1, 1)."""
    phase: Float
    """The direction of petal 0, in sectors, (N, 1, 1)."""
    cos: Float
    """The cosine of a petal's direction."""
    sin: Float
    """The sine of a petal's direction."""
    stretch: Float
    """The factor on distances along a petal: 1 for the longest petals, more for shorter ones."""
    brightness: Float
    """The factor on a petal's colors."""
    over: Float
    """1 where petal j + 1 is above petal j, 0 where it is below."""

    @classmethod
    def sample(cls, draws: Draws, counts: NDArray[np.int64]) -> Ring:
        """Petals at nearly equal angles, which overlap in one direction or at random."""
        n = counts[:, None]
        sectors = np.arange(-_LAST_SECTOR, _LAST_SECTOR + 1)

        def each() -> Float:
            return np.take_along_axis(draws.several(MAX_PETALS), sectors % n, axis=1)

        phase = draws.uniform()
        disorder = draws.uniform()[:, 0]
        twist = draws.choice([[0], [0.5], [1]])[0, :, 0]
        angle = (sectors + phase[:, 0] + disorder * (0.16 * each() - 0.08)) * (2 * np.pi / n)
        return cls(
            n=n[:, :, None].astype(np.float32),
            phase=phase,
            cos=np.cos(angle).astype(np.float32),
            sin=np.sin(angle).astype(np.float32),
            stretch=1 + 0.12 * disorder * each(),
            brightness=0.91 + 0.1 * each(),
            over=(each() < twist).astype(np.float32),
        )

    def sectors(self, u: Float, v: Float) -> NDArray[np.intp]:
        """The sector of each point (N, R, R), as an index into the flattened tables."""
        turns = np.arctan2(v, u) * (self.n / np.float32(2 * np.pi)) - self.phase
        middle = np.arange(len(self.n))[:, None, None] * (2 * _LAST_SECTOR + 1) + _LAST_SECTOR
        index: NDArray[np.intp] = np.floor(turns).astype(np.intp) + middle
        return index

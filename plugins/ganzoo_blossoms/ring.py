"""How petals stand about the center of a flower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.randomness import Draws, Float

FEWEST, MOST = 3, 8
_LAST = 5


def petal_counts(seed: int, indices: range) -> NDArray[np.int64]:
    """The number of petals of each image, (N,)."""
    return FEWEST + Draws(seed, "count", indices).below(MOST - FEWEST + 1)


@dataclass(frozen=True)
class Ring:
    """The petals' places, and what each has of its own, as tables (N, 11) by sector.

    Sector j lies between petals j and j + 1, where j is any of -5 to 5 and petals j and j + n are
    the same: a full turn that begins anywhere finds its sectors and petals without wrapping.
    """

    n: Float
    """The number of petals, (N, 1, 1)."""
    phase: Float
    """The direction of petal 0, in sectors, (N, 1, 1)."""
    cos: Float
    sin: Float
    """The direction of a petal."""
    stretch: Float
    """How much shorter than the longest possible a petal is, as a factor on distances."""
    tone: Float
    """How light a petal is: 1 shows its colors as they are."""
    over: Float
    """1 where petal j + 1 lies over petal j, 0 where it lies under."""

    @classmethod
    def sample(cls, draws: Draws, counts: NDArray[np.int64]) -> Ring:
        """Petals at equal angles but for some disorder, over one another all round or at random."""
        n = counts[:, None]
        sectors = np.arange(-_LAST, _LAST + 1)

        def each() -> Float:
            return np.take_along_axis(draws.several(MOST), sectors % n, axis=1)

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
            tone=0.91 + 0.1 * each(),
            over=(each() < twist).astype(np.float32),
        )

    def sectors(self, u: Float, v: Float) -> NDArray[np.intp]:
        """The sector of each point (N, R, R), as its place in the flattened tables."""
        turns = np.arctan2(v, u) * (self.n / np.float32(2 * np.pi)) - self.phase
        middle = np.arange(len(self.n))[:, None, None] * (2 * _LAST + 1) + _LAST
        places: NDArray[np.intp] = np.floor(turns).astype(np.intp) + middle
        return places

"""The shape of a petal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.randomness import Draws, Float

# Tip, base, the fraction of its sector that a petal fills, depth and number of the tip's waves.
_SHAPES = (
    (0.42, 0.80, 1.22, 0.00, 1),  # round
    (0.55, 0.95, 0.95, 0.00, 1),  # oval
    (0.95, 1.05, 1.00, 0.00, 1),  # pointed
    (0.60, 0.80, 0.55, 0.00, 1),  # slender
    (1.20, 0.95, 0.72, 0.00, 1),  # lance
    (0.42, 1.05, 1.20, 0.09, 1),  # heart
    (0.40, 1.15, 1.10, 0.045, 3),  # toothed
    (0.42, 1.35, 0.82, 0.00, 1),  # spoon
)

_EDGE = np.float32(1e-3)


@dataclass(frozen=True)
class Outline:
    """A petal along x from 0 to 1, of half width ``width (x / p)^base ((1 - x) / (1 - p))^tip``.

    It is widest at p = base / (base + tip). An exponent below 1 makes a round end, 1 a pointed
    end with straight sides, and more a pointed end with hollow sides. The petal is then bent, and
    waves are cut into its tip.
    """

    width: Float
    base: Float
    tip: Float
    bend: Float
    """How far the tip is moved sideways, in lengths of the petal."""
    depth: Float
    """The depth of the waves, in lengths of the petal."""
    waves: Float
    """The number of waves across the width: 1 makes a notch in the middle."""

    @classmethod
    def sample(cls, draws: Draws, counts: NDArray[np.int64]) -> Outline:
        """A random shape, as wide as its sector allows and no wider than it is long."""
        tip, base, fill, depth, waves = draws.choice(_SHAPES)
        n = counts[:, None, None].astype(np.float32)
        tip, base = tip * draws.uniform(0.85, 1.2), base * draws.uniform(0.9, 1.15)
        # Many petals are narrow at the base, so that none reaches the middle of its neighbor.
        base = np.maximum(base, n / 7.5)
        sector = np.tan(np.float32(np.pi) / n).clip(None, 0.75)
        return cls(
            width=fill * sector * base / (base + tip) * draws.uniform(0.9, 1.1),
            base=base,
            tip=tip,
            bend=draws.uniform(-0.2, 0.2) * draws.chance(0.4),
            depth=depth * draws.uniform(0.7, 1.3),
            waves=waves,
        )

    def measure(self, x: Float, y: Float) -> tuple[Float, Float]:
        """The distance inwards from the edge, negative outside, and y over the half width."""
        x2 = x * x
        y = y - self.bend * x2
        wave = 1 + np.cos(y * (self.waves * np.float32(np.pi) / self.width))
        return self._measure_straight(x + self.depth * wave * x2 * x, y)

    def _measure_straight(self, x: Float, y: Float) -> tuple[Float, Float]:
        rest = 1 - x
        near, far = x.clip(_EDGE, 1), rest.clip(_EDGE, 1)
        p = self.base / (self.base + self.tip)
        scale = np.log(self.width) - self.base * np.log(p) - self.tip * np.log(1 - p)
        half = np.exp(self.base * np.log(near) + self.tip * np.log(far) + scale)
        # To first order, the distance to the zeros of a function is its value over the length of
        # its gradient; the function is half^2 - y^2, which is smooth where half - |y| is not.
        half2, y2 = half * half, y * y + _EDGE * _EDGE
        slope = half2 * (self.base / near - self.tip / far)
        distance = (half2 - y2) / (2 * np.sqrt(slope * slope + y2))
        # That is not defined beyond the ends.
        return np.minimum(distance, np.minimum(x, rest)), y / half

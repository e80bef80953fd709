"""What is far behind a flower: greenery out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import coverage, lay
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.randomness import Draws, Float

_DISCS_OF_A_COLOR = 2


@dataclass(frozen=True)
class Disc:
    """A point out of focus; lengths are in heights of the image."""

    x: Float
    y: Float
    radius: Float
    softness: Float
    alpha: Float

    @classmethod
    def sample(cls, draws: Draws) -> Disc:
        """A disc anywhere, sharp or faint."""
        return cls(
            x=draws.uniform(-0.1, 1.1),
            y=draws.uniform(-0.1, 1.1),
            radius=draws.uniform(0.05, 0.22),
            softness=draws.uniform(0.25, 1.6),
            alpha=draws.uniform(0.1, 0.5),
        )

    def cover(self, x: Float, y: Float) -> Float:
        """How much of each point it covers."""
        square = ((x - self.x) / self.radius) ** 2 + ((y - self.y) / self.radius) ** 2
        return self.alpha * coverage(1 - square, self.softness)


@dataclass(frozen=True)
class Background:
    """A gradient, and discs in a few colors."""

    low: Float
    high: Float
    direction: Float
    discs: tuple[tuple[Float, tuple[Disc, ...]], ...]
    """Each color with its discs."""

    @classmethod
    def sample(cls, draws: Draws, bloom: Float) -> Background:
        """Greens from dusk to noon; the flower's own color (3, N, 1, 1) is among the discs'."""
        hue = draws.uniform(108, 158)
        light = draws.uniform(0.24, 0.74)
        low = oklch(0.72 * light, draws.uniform(0.03, 0.09), hue)
        high = oklch(light + 0.16, draws.uniform(0.03, 0.11), hue + draws.uniform(-30, 35))
        colors = (
            oklch(0.75 * light, 0.07, hue + 15),
            oklch(0.7 * light + 0.3, 0.11, hue + draws.uniform(-45, 0)),
            0.5 * bloom + 0.5 * high,
        )
        return cls(
            low=low,
            high=high,
            direction=-np.pi / 2 + draws.uniform(-0.8, 0.8),
            discs=tuple(
                (color, tuple(Disc.sample(draws) for _ in range(_DISCS_OF_A_COLOR)))
                for color in colors
            ),
        )

    def paint(self, canvas: Float, x: Float, y: Float) -> None:
        """Cover the canvas."""
        t = (x - 0.5) * np.cos(self.direction) + (y - 0.5) * np.sin(self.direction)
        t = (t + 0.5).clip(0, 1)
        for channel, plane in enumerate(canvas):
            plane[:] = self.low[channel] + (self.high[channel] - self.low[channel]) * t
        for color, discs in self.discs:
            alpha = discs[0].cover(x, y)
            for disc in discs[1:]:
                alpha = np.maximum(alpha, disc.cover(x, y))
            lay(canvas, alpha, (color, alpha))

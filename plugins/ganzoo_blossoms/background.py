"""The background of a flower: a gradient of greens and out-of-focus discs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import blend, coverage
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.randomness import Draws, Float

_DISCS_PER_COLOR = 2


@dataclass(frozen=True)
class Disc:
    """An out-of-focus disc; lengths in units of the image's height."""

    x: Float
    y: Float
    radius: Float
    softness: Float
    """Width of the blurred edge, relative to the radius."""
    alpha: Float

    @classmethod
    def sample(cls, draws: Draws) -> Disc:
        """A disc at a random position, with a random sharpness and opacity."""
        return cls(
            x=draws.uniform(-0.1, 1.1),
            y=draws.uniform(-0.1, 1.1),
            radius=draws.uniform(0.05, 0.22),
            softness=draws.uniform(0.25, 1.6),
            alpha=draws.uniform(0.1, 0.5),
        )

    def opacity(self, x: Float, y: Float) -> Float:
        """The disc's opacity at each point, in [0, 1]."""
        square = ((x - self.x) / self.radius) ** 2 + ((y - self.y) / self.radius) ** 2
        return self.alpha * coverage(1 - square, self.softness)


@dataclass(frozen=True)
class Background:
    """A linear gradient with discs of a few colors on it."""

    start: Float
    """The gradient's first color, (3, N, 1, 1)."""
    end: Float
    """The gradient's last color, (3, N, 1, 1)."""
    direction: Float
    """From the first color to the last, in radians."""
    discs: tuple[tuple[Float, tuple[Disc, ...]], ...]
    """Each color with its discs."""

    @classmethod
    def sample(cls, draws: Draws, flower_color: Float) -> Background:
        """Random greens, dark to bright; ``flower_color`` (3, N, 1, 1) tints some of the discs."""
        hue = draws.uniform(108, 158)
        light = draws.uniform(0.24, 0.74)
        start = oklch(0.72 * light, draws.uniform(0.03, 0.09), hue)
        end = oklch(light + 0.16, draws.uniform(0.03, 0.11), hue + draws.uniform(-30, 35))
        colors = (
            oklch(0.75 * light, 0.07, hue + 15),
            oklch(0.7 * light + 0.3, 0.11, hue + draws.uniform(-45, 0)),
            0.5 * flower_color + 0.5 * end,
        )
        return cls(
            start=start,
            end=end,
            direction=-np.pi / 2 + draws.uniform(-0.8, 0.8),
            discs=tuple(
                (color, tuple(Disc.sample(draws) for _ in range(_DISCS_PER_COLOR)))
                for color in colors
            ),
        )

    def paint(self, canvas: Float, x: Float, y: Float) -> None:
        """Paint the whole canvas, in place."""
        t = (x - 0.5) * np.cos(self.direction) + (y - 0.5) * np.sin(self.direction)
        t = (t + 0.5).clip(0, 1)
        for channel, plane in enumerate(canvas):
            plane[:] = self.start[channel] + (self.end[channel] - self.start[channel]) * t
        for color, discs in self.discs:
            alpha = discs[0].opacity(x, y)
            for disc in discs[1:]:
                alpha = np.maximum(alpha, disc.opacity(x, y))
            blend(canvas, alpha, (color, alpha))

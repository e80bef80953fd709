"""The petals of a flower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.canvas import blend, coverage
from ganzoo_blossoms.outline import Outline
from ganzoo_blossoms.petal_colors import PetalColors
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float
from ganzoo_blossoms.ring import Ring


@dataclass(frozen=True)
class Petal:
    """What one petal contributes to each point of the canvas."""

    cover: Float
    """Its opacity."""
    brightness: Float
    shadow: Float
    """The fraction of light that it takes from a petal under it."""
    tip: Float
    """The fraction of the tip's color; the rest is the throat's."""
    accent: Float
    """The fraction of the accent's color over both."""


@dataclass(frozen=True)
class Petals:
    """A ring of petals, each above or below the next."""

    ring: Ring
    outline: Outline
    colors: PetalColors
    curl: Float
    """Shading across a petal: positive for a groove along its middle, negative for a ridge."""
    droop: Float
    """Shading along a petal, whose tip points down."""

    @classmethod
    def sample(cls, draws: Draws, counts: NDArray[np.int64]) -> Petals:
        """Random petals; ``counts`` (N,) is their number in each image."""
        outline = Outline.sample(draws, counts)
        return cls(
            ring=Ring.sample(draws, counts),
            outline=outline,
            colors=PetalColors.sample(draws, outline.width),
            curl=draws.uniform(-0.28, 0.28),
            droop=draws.uniform(0, 0.35),
        )

    def paint(self, canvas: Float, u: Float, v: Float, pose: Pose, pixel: Float) -> None:
        """Paint them on the canvas: at each point, the two nearest petals.

        No third petal covers the point, because no petal is wider than two sectors.
        """
        sector = self.ring.sectors(u, v)
        first = self._petal(sector, u, v, pose, pixel)
        second = self._petal(sector + 1, u, v, pose, pixel)
        over = self.ring.over.take(sector)
        alpha, light, tip, accent = np.zeros((4, *sector.shape), np.float32)
        for petal, other, under in ((first, second, over), (second, first, 1 - over)):
            visible = petal.cover * (1 - under * other.cover)
            lit = visible * petal.brightness * (1 - under * other.shadow)
            marked = lit * petal.accent
            alpha += visible
            light += lit
            accent += marked
            tip += (lit - marked) * petal.tip
        colors = self.colors
        throat = light - tip - accent
        blend(canvas, alpha, (colors.throat, throat), (colors.tip, tip), (colors.accent, accent))

    def _petal(
        self, entry: NDArray[np.intp], u: Float, v: Float, pose: Pose, pixel: Float
    ) -> Petal:
        cos, sin = self.ring.cos.take(entry), self.ring.sin.take(entry)
        x = (u * cos + v * sin) * self.ring.stretch.take(entry)
        edge, q = self.outline.measure(x, v * cos - u * sin)
        q = q.clip(-1, 1)
        light_u, light_v = pose.to_light()
        along, across = light_u * cos + light_v * sin, light_v * cos - light_u * sin
        brightness = self.ring.brightness.take(entry) + self.curl * q * across
        brightness += self.droop * (x - 0.55) * along
        shadow = (1 + edge / 0.14).clip(0, 1)
        tip, accent = self.colors.fractions(x, q, edge, pixel)
        return Petal(coverage(edge, pixel), brightness, 0.42 * shadow * shadow, tip, accent)

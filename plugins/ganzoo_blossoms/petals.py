"""The petals of a flower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.canvas import coverage, lay
from ganzoo_blossoms.outline import Outline
from ganzoo_blossoms.petal_colors import PetalColors
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float
from ganzoo_blossoms.ring import Ring


@dataclass(frozen=True)
class Petal:
    """One petal, as each point of the canvas sees it."""

    cover: Float
    shade: Float
    shadow: Float
    """How much of the light it takes from what lies under it."""
    tip: Float
    """How much of the tip's color it has there, against the throat's."""
    accent: Float
    """How much of the accent's it has over both."""


@dataclass(frozen=True)
class Petals:
    """A ring of petals, each over or under the next."""

    ring: Ring
    outline: Outline
    dress: PetalColors
    curl: Float
    """How much a petal is a gutter (positive) or a ridge along its middle."""
    droop: Float
    """How much its tip hangs down."""

    @classmethod
    def sample(cls, draws: Draws, counts: NDArray[np.int64]) -> Petals:
        """Petals of these numbers."""
        outline = Outline.sample(draws, counts)
        return cls(
            ring=Ring.sample(draws, counts),
            outline=outline,
            dress=PetalColors.sample(draws, outline.width),
            curl=draws.uniform(-0.28, 0.28),
            droop=draws.uniform(0, 0.35),
        )

    def paint(self, canvas: Float, u: Float, v: Float, pose: Pose, pixel: Float) -> None:
        """Lay them on the canvas: at each point the two between which it is.

        No third petal reaches there, for none is wider than two sectors.
        """
        sector = self.ring.sectors(u, v)
        first = self._petal(sector, u, v, pose, pixel)
        second = self._petal(sector + 1, u, v, pose, pixel)
        over = self.ring.over.take(sector)
        alpha, light, tip, accent = np.zeros((4, *sector.shape), np.float32)
        for petal, other, under in ((first, second, over), (second, first, 1 - over)):
            seen = petal.cover * (1 - under * other.cover)
            lit = seen * petal.shade * (1 - under * other.shadow)
            marked = lit * petal.accent
            alpha += seen
            light += lit
            accent += marked
            tip += (lit - marked) * petal.tip
        dress = self.dress
        throat = light - tip - accent
        lay(canvas, alpha, (dress.throat, throat), (dress.tip, tip), (dress.accent, accent))

    def _petal(
        self, entry: NDArray[np.intp], u: Float, v: Float, pose: Pose, pixel: Float
    ) -> Petal:
        cos, sin = self.ring.cos.take(entry), self.ring.sin.take(entry)
        x = (u * cos + v * sin) * self.ring.stretch.take(entry)
        edge, q = self.outline.measure(x, v * cos - u * sin)
        q = q.clip(-1, 1)
        light_u, light_v = pose.to_light()
        along, across = light_u * cos + light_v * sin, light_v * cos - light_u * sin
        shade = self.ring.tone.take(entry) + self.curl * q * across
        shade += self.droop * (x - 0.55) * along
        near = (1 + edge / 0.14).clip(0, 1)
        tip, accent = self.dress.shares(x, q, edge, pixel)
        return Petal(coverage(edge, pixel), shade, 0.42 * near * near, tip, accent)

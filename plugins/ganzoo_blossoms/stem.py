"""The stem of a flower and its leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import blend, coverage
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float

_HALF_WIDTH = np.float32(0.016)


@dataclass(frozen=True)
class Leaf:
    """A leaf; lengths in units of the image's height."""

    below: Float
    """The distance of its base below the flower's center."""
    angle: Float
    length: Float
    width: Float
    """The largest distance from the rib to the edge."""

    @classmethod
    def sample(cls, draws: Draws, side: int) -> Leaf:
        """A random leaf that points upwards to the left (``side=-1``) or to the right (1)."""
        return cls(
            below=draws.uniform(0.15, 0.42),
            angle=-np.pi / 2 + side * draws.uniform(0.5, 1.5),
            length=draws.uniform(0.3, 0.55),
            width=draws.uniform(0.04, 0.1),
        )

    def cover(self, x: Float, y: Float, blur: Float) -> tuple[Float, Float]:
        """Its opacity and the lit part of it at each point; (x, y) is relative to its base."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        along, across = (x * cos + y * sin) / self.length, y * cos - x * sin
        half = 4 * self.width * along * (1 - along)
        distance = np.abs(across)
        alpha = coverage(half - distance, blur)
        return alpha, alpha * (0.6 * np.exp(distance * -80) + (8 * across).clip(0, 0.15))


@dataclass(frozen=True)
class Stem:
    """A curved stem with two leaves, slightly out of focus; lengths as for a leaf."""

    shown: Float
    """1 if the flower has a stem, else 0."""
    lean: Float
    """The curvature: positive to the right."""
    blur: Float
    color: Float
    light: Float
    """The color of its lit side and of the ribs of its leaves."""
    leaves: tuple[Leaf, ...]

    @classmethod
    def sample(cls, draws: Draws) -> Stem:
        """A random stem with a leaf on each side, in three images of four."""
        lightness, hue = draws.uniform(0.36, 0.56), draws.uniform(122, 146)
        return cls(
            shown=draws.chance(0.75),
            lean=draws.uniform(-0.7, 0.7),
            blur=draws.uniform(0.01, 0.03),
            color=oklch(lightness, 0.11, hue),
            light=oklch(lightness + 0.2, 0.12, hue - 8),
            leaves=(Leaf.sample(draws, -1), Leaf.sample(draws, 1)),
        )

    def paint(self, canvas: Float, x: Float, y: Float, pose: Pose) -> None:
        """Paint it over the background."""
        blur = self.blur + np.float32(1 / canvas.shape[-1])
        x, y = x - pose.x, y - pose.y
        across = x - self.lean * y * y
        alpha = coverage(np.minimum(_HALF_WIDTH - np.abs(across), y), blur)
        lit = alpha * (0.35 - 14 * across).clip(0, 0.7)
        for leaf in self.leaves:
            base_x, base_y = self.lean * leaf.below * leaf.below, leaf.below
            cover, light = leaf.cover(x - base_x, y - base_y, blur)
            lit += light * (1 - alpha)
            alpha += cover * (1 - alpha)
        alpha *= self.shown
        lit *= self.shown
        blend(canvas, alpha, (self.color, alpha - lit), (self.light, lit))

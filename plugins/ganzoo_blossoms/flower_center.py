"""The center of a flower: a disc of florets, surrounded by stamens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import blend, coverage
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float

# Hue, lightness and chroma of the disc's middle and of its rim.
_DISC_COLORS = (
    (92, 0.88, 0.16, 75, 0.76, 0.16),  # gold
    (80, 0.80, 0.16, 55, 0.60, 0.14),  # amber
    (110, 0.80, 0.15, 92, 0.85, 0.16),  # lime and yellow
    (118, 0.66, 0.13, 125, 0.50, 0.11),  # green
    (60, 0.42, 0.07, 40, 0.26, 0.05),  # brown
    (20, 0.34, 0.07, 350, 0.24, 0.06),  # dark red
    (95, 0.95, 0.07, 90, 0.86, 0.13),  # cream
)


@dataclass(frozen=True)
class Stamens:
    """A ring of stamens, each a filament with an anther; lengths in radii of the flower."""

    shown: Float
    """1 if the flower has stamens, else 0."""
    count: Float
    phase: Float
    """The direction of the first stamen, in angles between stamens."""
    length: Float
    anther: Float
    """The radius of an anther."""
    anther_color: Float
    filament_color: Float

    @classmethod
    def sample(cls, draws: Draws) -> Stamens:
        """Six to fourteen stamens, in two flowers of five."""
        hue = draws.uniform(40, 100)
        return cls(
            shown=draws.chance(0.4),
            count=6 + draws.below(9)[:, None, None].astype(np.float32),
            phase=draws.uniform(),
            length=draws.uniform(0.19, 0.36),
            anther=draws.uniform(0.025, 0.04),
            anther_color=oklch(draws.uniform(0.45, 0.9), 0.14, hue),
            filament_color=oklch(draws.uniform(0.4, 0.9), 0.08, hue + 15),
        )

    def paint(self, canvas: Float, u: Float, v: Float, r: Float, pixel: Float) -> None:
        """Paint them over the petals; the disc will cover their inner ends."""
        sector = np.arctan2(v, u) * (self.count / np.float32(2 * np.pi)) + self.phase
        nearest = np.round(sector)
        across = r * (sector - nearest) * (np.float32(2 * np.pi) / self.count)
        length = self.length * (1 + 0.1 * np.cos(nearest * (np.float32(6 * np.pi) / self.count)))
        filament = self.shown * coverage(np.minimum(0.008 - np.abs(across), length - r), pixel)
        blend(canvas, filament, (self.filament_color, filament))
        along = r - length
        distance = self.anther - np.sqrt(across * across + along * along)
        anther = self.shown * coverage(distance, pixel)
        blend(canvas, anther, (self.anther_color, anther))


@dataclass(frozen=True)
class FlowerCenter:
    """A dome with a hexagonal pattern of dots, surrounded by stamens."""

    stamens: Stamens
    size: Float
    """The radius of the dome, in radii of the flower."""
    middle_color: Float
    rim_color: Float
    dot_color: Float
    dot_opacity: Float
    dot_frequency: Float
    """The phase of the pattern's waves from the middle to the rim, in radians."""

    @classmethod
    def sample(cls, draws: Draws) -> FlowerCenter:
        """A random color and size; smaller if the flower has stamens."""
        stamens = Stamens.sample(draws)
        hue, lightness, chroma, rim_hue, rim_lightness, rim_chroma = draws.choice(_DISC_COLORS)
        return cls(
            stamens=stamens,
            size=draws.uniform(0.12, 0.27) * (1 - 0.4 * stamens.shown),
            middle_color=oklch(lightness, chroma, hue),
            rim_color=oklch(rim_lightness, rim_chroma, rim_hue),
            dot_color=oklch(0.6 * lightness + 0.38, 0.9 * chroma, hue + 5),
            dot_opacity=draws.uniform(0.3, 0.9),
            dot_frequency=draws.uniform(14, 22),
        )

    def paint(self, canvas: Float, u: Float, v: Float, pose: Pose, pixel: Float) -> None:
        """Paint stamens, a shadow and the dome over the petals."""
        r = np.sqrt(u * u + v * v)
        self.stamens.paint(canvas, u, v, r, pixel)
        edge = self.size - r
        shadow = (1 + edge / 0.1).clip(0, 1)
        canvas *= 1 - 0.45 * shadow * shadow
        alpha = coverage(edge, pixel)
        radius = (r / self.size).clip(0, 1)
        radius2 = radius * radius
        light_u, light_v = pose.to_light()
        facing = (light_u * u + light_v * v) * radius / self.size
        lit = alpha * (1.04 - 0.22 * radius2 * radius2 + 0.2 * facing)
        dots = lit * self._dots(u, v, radius2, pixel)
        rim = (lit - dots) * radius2
        middle = lit - dots - rim
        blend(
            canvas,
            alpha,
            (self.middle_color, middle),
            (self.rim_color, rim),
            (self.dot_color, dots),
        )

    def _dots(self, u: Float, v: Float, radius2: Float, pixel: Float) -> Float:
        # Three waves at 120 degrees make a hexagonal lattice, compressed toward the rim.
        scale: Float = self.dot_frequency / self.size * (0.5 + 0.25 * radius2)
        a, b = u * scale, v * scale * (3**0.5 / 2)
        wave = np.cos(a) + np.cos(0.5 * a + b) + np.cos(0.5 * a - b)
        # Where the pattern is finer than pixels, its average takes its place.
        resolved = (4 * self.size / self.dot_frequency / pixel - 0.7).clip(0, 1)
        dots: Float = 0.25 + resolved * ((wave / 3).clip(0, 1) - 0.25)
        return self.dot_opacity * dots

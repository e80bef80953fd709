"""The heart of a flower: a disc of florets, and stamens about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import coverage, lay
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float

# Hue, lightness and chroma of the disc's middle and of its rim.
_DISCS = (
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
    """A ring of anthers on stalks; lengths are in radii of the flower."""

    shown: Float
    count: Float
    turn: Float
    reach: Float
    anther: Float
    color: Float
    stalk: Float

    @classmethod
    def sample(cls, draws: Draws) -> Stamens:
        """Six to fourteen of them, in two flowers of five."""
        hue = draws.uniform(40, 100)
        return cls(
            shown=draws.chance(0.4),
            count=6 + draws.below(9)[:, None, None].astype(np.float32),
            turn=draws.uniform(),
            reach=draws.uniform(0.19, 0.36),
            anther=draws.uniform(0.025, 0.04),
            color=oklch(draws.uniform(0.45, 0.9), 0.14, hue),
            stalk=oklch(draws.uniform(0.4, 0.9), 0.08, hue + 15),
        )

    def paint(self, canvas: Float, u: Float, v: Float, r: Float, pixel: Float) -> None:
        """Lay them on the petals; the disc will hide where they begin."""
        sector = np.arctan2(v, u) * (self.count / np.float32(2 * np.pi)) + self.turn
        nearest = np.round(sector)
        across = r * (sector - nearest) * (np.float32(2 * np.pi) / self.count)
        reach = self.reach * (1 + 0.1 * np.cos(nearest * (np.float32(6 * np.pi) / self.count)))
        stalk = self.shown * coverage(np.minimum(0.008 - np.abs(across), reach - r), pixel)
        lay(canvas, stalk, (self.stalk, stalk))
        beyond = r - reach
        distance = self.anther - np.sqrt(across * across + beyond * beyond)
        anther = self.shown * coverage(distance, pixel)
        lay(canvas, anther, (self.color, anther))


@dataclass(frozen=True)
class FlowerCenter:
    """A dome of dots, its size in radii of the flower, among stamens."""

    stamens: Stamens
    size: Float
    middle: Float
    rim: Float
    dot: Float
    dots: Float
    grain: Float
    """The number of dots, as the lattice's waves from the middle to the rim, in radians."""

    @classmethod
    def sample(cls, draws: Draws) -> FlowerCenter:
        """A disc in one of the colors of pollen, smaller where there are stamens."""
        stamens = Stamens.sample(draws)
        hue, lightness, chroma, rim_hue, rim_lightness, rim_chroma = draws.choice(_DISCS)
        return cls(
            stamens=stamens,
            size=draws.uniform(0.12, 0.27) * (1 - 0.4 * stamens.shown),
            middle=oklch(lightness, chroma, hue),
            rim=oklch(rim_lightness, rim_chroma, rim_hue),
            dot=oklch(0.6 * lightness + 0.38, 0.9 * chroma, hue + 5),
            dots=draws.uniform(0.3, 0.9),
            grain=draws.uniform(14, 22),
        )

    def paint(self, canvas: Float, u: Float, v: Float, pose: Pose, pixel: Float) -> None:
        """Lay stamens and disc on the petals."""
        r = np.sqrt(u * u + v * v)
        self.stamens.paint(canvas, u, v, r, pixel)
        edge = self.size - r
        near = (1 + edge / 0.1).clip(0, 1)
        canvas *= 1 - 0.45 * near * near
        cover = coverage(edge, pixel)
        rise = (r / self.size).clip(0, 1)
        bulge = rise * rise
        light_u, light_v = pose.to_light()
        facing = (light_u * u + light_v * v) * rise / self.size
        lit = cover * (1.04 - 0.22 * bulge * bulge + 0.2 * facing)
        dots = lit * self._dots(u, v, bulge, pixel)
        rim = (lit - dots) * bulge
        lay(canvas, cover, (self.middle, lit - dots - rim), (self.rim, rim), (self.dot, dots))

    def _dots(self, u: Float, v: Float, bulge: Float, pixel: Float) -> Float:
        # Three waves at 120 degrees make a hexagonal lattice, which the dome crowds to the rim.
        scale: Float = self.grain / self.size * (0.5 + 0.25 * bulge)
        a, b = u * scale, v * scale * (3**0.5 / 2)
        wave = np.cos(a) + np.cos(0.5 * a + b) + np.cos(0.5 * a - b)
        resolved = (4 * self.size / self.grain / pixel - 0.7).clip(0, 1)
        dots: Float = 0.25 + resolved * ((wave / 3).clip(0, 1) - 0.25)
        return self.dots * dots

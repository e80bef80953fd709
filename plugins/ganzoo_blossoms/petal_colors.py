"""The colors of petals and the marks on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo_blossoms.canvas import coverage
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.randomness import Draws, Float

# Hue, lightness and chroma of a petal.
_PETAL_COLORS = (
    (355, 0.74, 0.16),  # pink
    (10, 0.66, 0.19),  # rose
    (27, 0.60, 0.21),  # red
    (42, 0.70, 0.17),  # coral
    (62, 0.77, 0.16),  # orange
    (88, 0.86, 0.16),  # gold
    (102, 0.91, 0.15),  # lemon
    (260, 0.66, 0.14),  # cornflower
    (282, 0.62, 0.16),  # periwinkle
    (302, 0.58, 0.18),  # violet
    (325, 0.62, 0.19),  # purple
    (342, 0.66, 0.20),  # magenta
)

# Change of hue, and lightness and chroma, of a petal's base.
_THROAT_COLORS = (
    (0, 0.95, 0.03),  # white
    (0, 0.35, 0.12),  # dark
    (35, 0.80, 0.16),  # warmer
    (-35, 0.70, 0.16),  # cooler
)


@dataclass(frozen=True)
class PetalColors:
    """A gradient from the throat (the base of a petal) to the tip, with marks in a third color."""

    throat: Float
    tip: Float
    hue: Float
    """The hue of the tip, in degrees of OKLCH."""
    accent: Float
    """The color of the marks."""
    throat_length: Float
    """How far from the center the throat's color reaches, in lengths of a petal."""
    eye: Float
    """The opacity of a spot at the base."""
    eye_size: Float
    stripe: Float
    """The opacity of a stripe along the middle."""
    rim: Float
    """The opacity of a border along the edge."""
    veins: Float
    """The opacity of the veins."""
    vein_spacing: Float
    """The distance between veins where the petal is widest, in lengths of the petal."""
    vein_count: Float
    """The number of veins from the middle to the edge."""

    @classmethod
    def sample(cls, draws: Draws, width: Float) -> PetalColors:
        """Random colors of similar hues, with faint veins and one other mark at most.

        ``width`` is the half width of a petal, in lengths of the petal.
        """
        hue, lightness, chroma = draws.choice(_PETAL_COLORS)
        hue = hue + draws.uniform(-8, 8)
        pale = draws.chance(0.45) * draws.uniform(0.3, 0.95)
        lightness = lightness + (0.95 - lightness) * pale
        chroma = chroma * (1 - 0.93 * pale) * draws.uniform(0.85, 1.1)
        turn, throat_lightness, throat_chroma = draws.choice(_THROAT_COLORS)
        change = draws.uniform(0.15, 0.9)
        dark = draws.chance(0.7)
        spacing = draws.uniform(0.05, 0.11)
        mark = draws.uniform(0.5, 0.95) * (draws.below(5) == np.arange(5)[:, None])[..., None, None]
        return cls(
            throat=oklch(
                lightness + change * (throat_lightness - lightness),
                chroma + change * (throat_chroma - chroma),
                hue + turn,
            ),
            tip=oklch(lightness, chroma, hue),
            hue=hue,
            accent=oklch(
                0.96 + dark * (0.6 * lightness - 0.96), 0.03 + 0.12 * dark, hue - 12 * dark
            ),
            throat_length=draws.uniform(0.5, 1.1),
            eye=mark[0],
            eye_size=draws.uniform(0.38, 0.55),
            stripe=mark[1],
            rim=mark[2],
            veins=mark[3] + 0.1,
            vein_spacing=spacing,
            vein_count=width / spacing,
        )

    def fractions(self, x: Float, q: Float, edge: Float, pixel: Float) -> tuple[Float, Float]:
        """The fraction of the tip's color (the rest is the throat's), and of the accent over both.

        The point is at x along the petal, q half widths off its middle, ``edge`` from its edge.
        """
        t = (x / self.throat_length).clip(0, 1)
        fade = (1 - x).clip(0, 1)
        # Where veins are finer than pixels, their average takes their place.
        resolved = (0.5 * self.vein_spacing / pixel - 1).clip(0, 1)
        vein = 0.4 + 0.6 * resolved * np.cos(q * (self.vein_count * np.float32(2 * np.pi)))
        accent = (
            self.eye * coverage(self.eye_size - x - 0.12 * q * q, 0.16)
            + self.stripe * fade * np.exp(q * q * -25)
            + self.rim * np.exp(edge.clip(0) * np.float32(-1 / 0.06))
            + self.veins * fade * vein.clip(0)
        )
        return t * t * (3 - 2 * t), accent

"""How shapes and colors get onto a canvas, (3, N, R, R) sRGB in [0, 1]."""

from __future__ import annotations

import numpy as np

from ganzoo_blossoms.randomness import Float


def coverage(distance: Float, softness: float | Float) -> Float:
    """How much of a point is inside, by its distance inwards from an edge ``softness`` wide."""
    share = distance / softness
    share += np.float32(0.5)
    return share.clip(0, 1, out=share)


def lay(canvas: Float, alpha: Float, *inks: tuple[Float, Float]) -> None:
    """Cover ``alpha`` (N, R, R) of the canvas with inks: a color and how much of it, each."""
    clear = 1 - alpha
    ink = np.empty_like(clear)
    for channel, plane in enumerate(canvas):
        plane *= clear
        for color, amount in inks:
            plane += np.multiply(color[channel], amount, out=ink)

"""Anti-aliased shapes and blended colors on a canvas, (3, N, R, R) sRGB in [0, 1]."""

from __future__ import annotations

import numpy as np

from ganzoo_blossoms.randomness import Float


def coverage(distance: Float, softness: float | Float) -> Float:
    """How much of each point is inside a shape, in [0, 1].

    ``distance`` is measured inwards from the edge, which is ``softness`` wide.
    """
    fraction = distance / softness
    fraction += np.float32(0.5)
    return fraction.clip(0, 1, out=fraction)


def blend(canvas: Float, alpha: Float, *colors: tuple[Float, Float]) -> None:
    """Replace the fraction ``alpha`` (N, R, R) of the canvas, in place, by the sum of colors.

    Each color (3, N, 1, 1) comes with its amount (N, R, R).
    """
    rest = 1 - alpha
    product = np.empty_like(rest)
    for channel, plane in enumerate(canvas):
        plane *= rest
        for color, amount in colors:
            plane += np.multiply(color[channel], amount, out=product)

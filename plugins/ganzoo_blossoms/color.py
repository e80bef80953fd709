"""Colors by lightness, chroma and hue in the perceptual color space OKLCH."""

from __future__ import annotations

import numpy as np

from ganzoo_blossoms.randomness import Float


def oklch(lightness: float | Float, chroma: float | Float, hue: float | Float) -> Float:
    """Convert an OKLCH color, its hue in degrees, to sRGB in [0, 1], (3, N, 1, 1).

    Oklab: Ottosson, "A perceptual color space for image processing", 2020.
    """
    radians = np.deg2rad(hue)
    a, b = chroma * np.cos(radians), chroma * np.sin(radians)
    l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3  # noqa: E741
    m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.stack(
        [
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
        ]
    ).clip(0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return srgb.astype(np.float32)

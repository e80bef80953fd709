"""Images of flowers, drawn by number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo_blossoms.background import Background
from ganzoo_blossoms.flower_center import FlowerCenter
from ganzoo_blossoms.petals import Petals
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws
from ganzoo_blossoms.ring import petal_counts
from ganzoo_blossoms.stem import Stem

VERSION = 1
"""Raised with every change to what is drawn."""

# Few enough for a processor's cache, enough to make numpy's calls worth their while.
_PIXELS_AT_ONCE = 1 << 16


def draw(seed: int, indices: range, resolution: int) -> NDArray[np.uint8]:
    """The images of these numbers, uint8 (N, R, R, 3); each depends on its own number alone."""
    images = np.empty((len(indices), resolution, resolution, 3), np.uint8)
    block = max(1, _PIXELS_AT_ONCE // resolution**2)
    for start in range(0, len(indices), block):
        some = slice(start, start + block)
        images[some] = _draw_block(seed, indices[some], resolution)
    return images


def _draw_block(seed: int, indices: range, resolution: int) -> NDArray[np.uint8]:
    pose = Pose.sample(Draws(seed, "pose", indices))
    petals = Petals.sample(Draws(seed, "petals", indices), petal_counts(seed, indices))
    heart = FlowerCenter.sample(Draws(seed, "heart", indices))
    stem = Stem.sample(Draws(seed, "stem", indices))
    backdrop = Background.sample(Draws(seed, "backdrop", indices), bloom=petals.dress.tip)

    line = (np.arange(resolution, dtype=np.float32) + np.float32(0.5)) / np.float32(resolution)
    x, y = line[None, None, :], line[None, :, None]
    u, v = pose.plane(x, y)
    pixel = pose.pixel(resolution)
    canvas = np.empty((3, len(indices), resolution, resolution), np.float32)
    backdrop.paint(canvas, x, y)
    stem.paint(canvas, x, y, pose)
    petals.paint(canvas, u, v, pose, pixel)
    heart.paint(canvas, u, v, pose, pixel)
    return np.moveaxis((canvas * 255 + 0.5).clip(0, 255).astype(np.uint8), 0, -1)

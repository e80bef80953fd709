"""Images of flowers; image i depends on the seed and on i alone."""

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
"""Increased by every change to the pixels."""

# Few enough for the processor's cache, enough that numpy's overhead per call does not matter.
_PIXELS_PER_BLOCK = 1 << 16


def draw(seed: int, indices: range, resolution: int) -> NDArray[np.uint8]:
    """The images with these indices, uint8 (N, R, R, 3)."""
    images = np.empty((len(indices), resolution, resolution, 3), np.uint8)
    size = max(1, _PIXELS_PER_BLOCK // resolution**2)
    for start in range(0, len(indices), size):
        block = slice(start, start + size)
        images[block] = _draw_block(seed, indices[block], resolution)
    return images


def _draw_block(seed: int, indices: range, resolution: int) -> NDArray[np.uint8]:
    # The name of a stream of random numbers is part of its seed: another name gives another image.
    pose = Pose.sample(Draws(seed, "pose", indices))
    petals = Petals.sample(Draws(seed, "petals", indices), petal_counts(seed, indices))
    center = FlowerCenter.sample(Draws(seed, "heart", indices))
    stem = Stem.sample(Draws(seed, "stem", indices))
    background = Background.sample(Draws(seed, "backdrop", indices), petals.colors.tip)

    line = (np.arange(resolution, dtype=np.float32) + np.float32(0.5)) / np.float32(resolution)
    x, y = line[None, None, :], line[None, :, None]
    u, v = pose.plane(x, y)
    pixel = pose.pixel(resolution)
    canvas = np.empty((3, len(indices), resolution, resolution), np.float32)
    background.paint(canvas, x, y)
    stem.paint(canvas, x, y, pose)
    petals.paint(canvas, u, v, pose, pixel)
    center.paint(canvas, u, v, pose, pixel)
    return np.moveaxis((canvas * 255 + 0.5).clip(0, 255).astype(np.uint8), 0, -1)

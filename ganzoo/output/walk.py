"""Latent walks: frames of images whose latents are interpolated between keyframes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Generator
from ganzoo.output.animation import on_white
from ganzoo.output.latent_space import LatentSpace
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import latents_of

Easing = Literal["linear", "smooth"]
"""How fast a walk is between two keyframes: always the same, or slow near the keyframes."""
MIN_SIDE = 256
"""Minimum length of a frame's shorter side, in pixels."""


def keyframe_latents(generator: Generator, number: int, count: int, seed: int) -> list[Tensor]:
    """The latents of ``number`` keyframes of ``count`` walks, one tensor (count, ...) per keyframe.

    Keyframe j of walk i depends on (seed, i, j) alone. The first keyframe of walk i is image i of
    ``TrainedRun.generate`` with the same seed.
    """
    # The word is part of the seed: another one would change every walk.
    seeds = [seed, *(Randomness(seed).derive_seed("station", j) for j in range(1, number))]
    return [latents_of(generator, range(count), each) for each in seeds]


@torch.no_grad()
def walk(
    generator: Generator,
    keyframes: list[Tensor],
    frames: int,
    condition: Tensor | None = None,
    easing: Easing = "linear",
) -> Iterator[Image.Image]:
    """Frames from keyframe to keyframe and back to the first, ``frames`` of them per keyframe.

    A frame is an RGB grid with one image of each walk. Each pixel is repeated until the frame's
    shorter side has at least 256 pixels. The walk is a loop: the first frame follows the last.

    The latents between two keyframes are those of ``LatentSpace.interpolate`` at t, or with the
    easing ``"smooth"`` at 3 t^2 - 2 t^3.
    """
    space = LatentSpace(generator)
    points = [space.points(latents, condition) for latents in keyframes]
    return point_walk(space, points, frames, condition, easing)


@torch.no_grad()
def point_walk(
    space: LatentSpace,
    points: list[Tensor],
    frames: int,
    condition: Tensor | None,
    easing: Easing,
) -> Iterator[Image.Image]:
    """The frames of ``walk`` for keyframes that are points of the space, (count, ...) each."""
    for start, end in itertools.pairwise([*points, points[0]]):
        for frame in range(frames):
            between = space.interpolate(start, end, eased(frame / frames, easing))
            yield frame_of(space.pixels(between, condition))


def eased(t: float, easing: Easing) -> float:
    """The position between two keyframes at the time t, both from 0 to 1."""
    return t * t * (3 - 2 * t) if easing == "smooth" else t


def frame_of(images: Tensor) -> Image.Image:
    """An RGB grid of images, uint8 (N, C, H, W).

    Each pixel is repeated until its shorter side has at least 256 pixels.
    """
    grids = (imaging.grid(imaging.enlarged(images, factor)) for factor in itertools.count(1))
    large = next(grid for grid in grids if min(grid.shape[:2]) >= MIN_SIDE)
    return on_white(imaging.to_image(large))

"""Frames of the way from the starts of projections to what they found."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import torch
from PIL import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.output.animation import on_white
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.projection import Projection

_HELD = 20
"""How often the last frame is repeated."""
_MIN_SIDE = 128
"""Minimum length of an image's shorter side, in pixels."""


def way_frames(
    space: LatentSpace, images: Sequence[Tensor], projections: Sequence[Projection]
) -> Iterator[Image.Image]:
    """RGB frames: a row has a given image, uint8 (C, H, W), and the image of the way to it.

    There is one frame for each point of the ways, and the last one is held.
    """
    last = len(projections[0].way) - 1
    for number in itertools.chain(range(last), [last] * (1 + _HELD)):
        pairs = [
            torch.stack([image, space.pixels(projection.way[number][None], condition)[0]])
            for image, projection in zip(images, projections, strict=True)
            for condition in [None if projection.condition is None else projection.condition[None]]
        ]
        pixels = imaging.enlarged_to(torch.cat(pairs), _MIN_SIDE)
        yield on_white(imaging.to_image(imaging.grid(pixels, columns=2)))

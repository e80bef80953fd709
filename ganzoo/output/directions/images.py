"""Images along directions: a grid of all of them, and the frames of one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Generator
from ganzoo.output.directions.saved import Directions
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.output.walk import Easing, eased, frame_of

AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""The columns of a grid, in standard deviations."""
_MIN_SIDE = 64
"""Minimum length of an image's shorter side in a grid, in pixels."""


@torch.no_grad()
def rows_along(
    trained: TrainedGenerator, directions: Directions, count: int, seed: int = 0
) -> Tensor:
    """Images along each direction, uint8 (directions * count, amounts, C, H, W) on the CPU.

    Each direction has a row for each of the images 0 to ``count - 1`` of ``generate``, which are
    moved by the ``AMOUNTS``.
    """
    space = LatentSpace(trained.generator)
    conditions = trained.conditions(count, seed)
    points = space.points(trained.latents(count, seed), conditions)
    steps = torch.stack([amount * each.step for each in directions for amount in AMOUNTS])
    # (directions, count, amounts) of points, and their conditions in the same order.
    steps = steps.to(points).unflatten(0, (len(directions), 1, len(AMOUNTS)))
    all_points = (points[None, :, None] + steps).flatten(0, 2)
    if conditions is not None:
        conditions = conditions.repeat_interleave(len(AMOUNTS), 0)
        conditions = torch.cat([conditions] * len(directions))
    pixels = space.pixels(all_points, conditions)
    return pixels.view(-1, len(AMOUNTS), *pixels.shape[1:])


def grid(
    trained: TrainedGenerator, directions: Directions, count: int = 2, seed: int = 0
) -> NDArray[np.uint8]:
    """The rows of ``rows_along`` with their names and amounts, uint8 (height, width, C).

    Each pixel is repeated until an image's shorter side has at least 64 pixels.
    """
    rows = rows_along(trained, directions, count, seed)
    enlarged = imaging.enlarged_to(rows.flatten(0, 1), _MIN_SIDE).unflatten(0, rows.shape[:2])
    names = [name for each in directions for name in (each.name, *[""] * (count - 1))]
    amounts = [f"{amount:+g}" if amount else "0" for amount in AMOUNTS]
    return imaging.class_grid(enlarged, names, len(AMOUNTS), column_names=amounts)


@torch.no_grad()
def frames_along(
    generator: Generator,
    latents: Tensor,
    offset: Tensor,
    frames: int,
    condition: Tensor | None = None,
    easing: Easing = "linear",
) -> Iterator[Image.Image]:
    """Frames of the images of latents, moved from minus to plus an offset (...) and back.

    Each way has ``frames`` of them; the first frame follows the last. A frame is like one of
    ``walk``.
    """
    space = LatentSpace(generator)
    points = space.points(latents, condition)
    offset = offset.to(points)
    for number in range(2 * frames):
        amount = 2 * eased(1 - abs(number / frames - 1), easing) - 1
        yield frame_of(space.pixels(points + amount * offset, condition))

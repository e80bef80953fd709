"""Images of the same latents during training, from the sample grids of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Condition, ImageShape
from ganzoo.folders import RunFolder
from ganzoo.output.trained import TrainedRun
from ganzoo.training.sample_grids import row_layout


class Moment(NamedTuple):
    """Images of the generator at a step."""

    step: int
    images: Tensor
    """uint8 (N, C, H, W)."""


def history(run: TrainedRun, moments: int, count: int) -> list[Moment]:
    """The first ``count`` images of sample grids up to the checkpoint, ascending by step.

    Each step is about twice the one before, because images change most at the beginning. Grids
    that are damaged, or that have too few images, are skipped. Of a conditional run, the images are
    of the first classes or values if the grids have rows of these.
    """
    grids = RunFolder(run.folder).sample_grids()
    found = []
    for step in spread([step for step in grids if step <= run.step], moments):
        images = _images_in(grids[step], run, count)
        if images is not None:
            found.append(Moment(step, images))
    return found


def spread(steps: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of these ascending steps: the first and the last, and some between.

    Each is about twice the one before.
    """
    if len(steps) <= count or count < 2:
        return list(steps[-count:])
    chosen = {steps[0], steps[-1]}
    for halvings in range(1, count - 1):
        free = [step for step in steps if step not in chosen]
        target = steps[-1] / 2**halvings
        chosen.add(min(free, key=lambda step: abs(step - target)))
    return sorted(chosen)


def _images_in(path: Path, run: TrainedRun, count: int) -> Tensor | None:
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError):
        return None
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    images = cut(pixels, run.run.sample.count, run.data_image_shape, run.condition)
    if images is None or len(images) < count:
        return None
    return torch.from_numpy(images[:count]).permute(0, 3, 1, 2)


def cut(
    grid: NDArray[np.uint8], count: int, shape: ImageShape, condition: Condition | None
) -> NDArray[np.uint8] | None:
    """The images of a sample grid of ``count`` images, (N, H, W, C).

    Of a grid with rows of classes or values, the first image of each row. ``None`` if the grid has
    another layout.
    """
    gap = imaging.GAP
    height, width = shape.height + gap, shape.width + gap
    layout = row_layout(count, condition)
    if layout and condition:
        (lines, columns), rows = layout, condition.size
        each_height = lines * height + gap
        left = grid.shape[1] - columns * width  # names are on the left
        if left < 0 or grid.shape[0] != rows * each_height:
            return None
        corners = [(row * each_height + gap, left) for row in range(rows)]
    else:
        columns = imaging.square_columns(count, shape.height, shape.width)
        rows = -(-count // columns)
        if grid.shape[:2] != (rows * height + gap, columns * width + gap):
            return None
        corners = [(i // columns * height + gap, i % columns * width + gap) for i in range(count)]
    return np.stack([grid[y : y + shape.height, x : x + shape.width] for y, x in corners])

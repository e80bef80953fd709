"""The image grids of a run: real images at its start, samples at intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Condition
from ganzoo.training.assembly import Assembly
from ganzoo.training.diversity import diversity
from ganzoo.training.ema import Ema
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import make_images, make_rows, row_names

Show = Callable[[str, NDArray[np.uint8]], None]
Progress = Callable[[str, int, int], None]
_MIN_PER_ROW = 4
"""A grid has rows for each class or value if each gets at least this number of images."""


def row_layout(count: int, condition: Condition | None) -> tuple[int, int] | None:
    """The lines and columns of each class or value in a grid of about ``count`` images.

    ``None`` if the grid has no rows of classes or values.
    """
    each = count // condition.size if condition else 0
    if each < _MIN_PER_ROW or condition is None:
        return None
    # Several lines of a class make the grid about square; a value changes along one line.
    lines = 1 if condition.kind == "vector" else max(1, round((each / condition.size) ** 0.5))
    return lines, each // lines


class SampleGrids:
    """Draws grids of images and calls ``show`` with the name and the pixels of each.

    ``progress`` is called with what is drawn, the number of images done, and their total.
    """

    def __init__(self, assembly: Assembly, ema: Ema, show: Show, progress: Progress) -> None:
        self._assembly = assembly
        self._setup = assembly.setup
        self._ema = ema
        self._show = show
        self._progress = progress
        self._count = assembly.run.sample.count

    def draw_real(self) -> None:
        """Draw augmented real images, as the discriminator gets them."""
        setup, device = self._setup, self._setup.engine.device
        random = setup.randomness.generator("shown", 0, device)
        images = imaging.from_uint8(self._real_images.to(device))
        augmented = setup.augment_all(setup.augment_real(images, random), random)
        self._show("real", imaging.grid(imaging.to_uint8(augmented)))

    def draw_samples(self) -> float | None:
        """Draw samples; return their diversity relative to that of real images.

        ``None`` if it is not defined: for a single image, or if all real images are the same.
        """
        assembly = self._assembly
        self._ema.update_batch_statistics()
        self._progress("samples", 0, self._count)
        conditions, seed = None, assembly.run.seed
        if assembly.frequencies:
            conditions = assembly.frequencies.sample(range(self._count), seed)
        samples = make_images(self._ema.generator, self._count, seed, conditions)
        self._show("samples", self._grid(samples))
        self._progress("samples", self._count, self._count)
        if self._count < 2:
            return None
        real = self._setup.point.shrink(imaging.from_uint8(self._real_images))
        real_diversity = diversity(imaging.to_uint8(real))
        return diversity(samples) / real_diversity if real_diversity else None

    def _grid(self, samples: Tensor) -> NDArray[np.uint8]:
        """A grid of the samples, with rows for each class or value if there are enough images."""
        assembly, condition = self._assembly, self._setup.condition
        # Images of early stages are enlarged, so that all grids have the same size.
        stage = self._setup.point.stage
        factor = assembly.batches.data.shape.height // stage.image_shape.height
        layout = row_layout(self._count, condition)
        if layout is None or condition is None or assembly.frequencies is None:
            return imaging.grid(imaging.enlarged(samples, factor))
        lines, columns = layout
        generator, seed = self._ema.generator, assembly.run.seed
        rows = make_rows(generator, condition, assembly.frequencies, columns * lines, seed)
        enlarged = imaging.enlarged(rows.flatten(0, 1), factor).unflatten(0, (condition.size, -1))
        return imaging.class_grid(enlarged, row_names(condition), columns)

    @cached_property
    def _real_images(self) -> Tensor:
        """The first real images of the run, each once, uint8 (N, C, H, W) on the CPU."""
        batches, seed = (
            self._assembly.batches,
            Randomness(self._assembly.run.seed).derive_seed("order"),
        )
        numbers = batches.ordered(seed).at(0, min(self._count, len(batches.data)))
        images = torch.from_numpy(batches.data.store.take(numbers))
        return images.permute(0, 3, 1, 2).contiguous()

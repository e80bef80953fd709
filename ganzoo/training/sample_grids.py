"""The sheets of images that a run shows: real ones at its start, samples now and then."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo import imaging
from ganzoo.training.diversity import diversity
from ganzoo.training.ema import Ema
from ganzoo.training.phases import Game
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import make_each_class, make_images

Show = Callable[[str, NDArray[np.uint8]], None]
Progress = Callable[[str, int, int], None]
_FEWEST = 4
"""Images of a class, in sheets with a row for each class."""


class SampleGrids:
    """Draws sheets and passes them, each with its name, to ``show``.

    ``progress`` is told what is made, how much of it is done, and how much there is.
    """

    def __init__(self, game: Game, ema: Ema, show: Show, progress: Progress) -> None:
        self._game = game
        self._ema = ema
        self._show = show
        self._progress = progress
        self._count = game.run.sample.count

    def real(self) -> None:
        """Draw real images as the discriminator sees them."""
        game = self._game
        random = game.randomness.generator("shown", 0, game.engine.device)
        images = imaging.from_uint8(self._real.to(game.engine.device))
        shown = game.view(game.augment(images, random), random)
        self._show("real", imaging.grid(imaging.to_uint8(shown)))

    def samples(self) -> float | None:
        """Draw samples; returns their diversity as a share of that of real images.

        ``None`` where that cannot be said: of a single image, or where all real ones are alike.
        """
        game = self._game
        self._ema.update_batch_statistics()
        self._progress("samples", 0, self._count)
        labels, seed = None, game.run.seed
        if game.frequencies:
            labels = game.frequencies.labels(range(self._count), seed)
        made = make_images(self._ema.generator, self._count, seed, labels)
        self._show("samples", self._sheet(made))
        self._progress("samples", self._count, self._count)
        if self._count < 2:
            return None
        real = game.point.shrink(imaging.from_uint8(self._real))
        real_diversity = diversity(imaging.to_uint8(real))
        return diversity(made) / real_diversity if real_diversity else None

    def _sheet(self, made: Tensor) -> NDArray[np.uint8]:
        """The samples in one image, or rows of every class where each gets enough of them."""
        game = self._game
        # Those of an early stage as large as the last one's, so that all sheets are alike.
        factor = game.batches.data.shape.height // game.point.stage.image_shape.height
        each = self._count // game.classes if game.classes else 0
        if each < _FEWEST:
            return imaging.grid(imaging.enlarged(made, factor))
        rows = max(1, round((each / game.classes) ** 0.5))  # of each class: about a square in all
        columns = each // rows
        classes = make_each_class(self._ema.generator, game.classes, columns * rows, game.run.seed)
        enlarged = imaging.enlarged(classes.flatten(0, 1), factor).unflatten(0, (game.classes, -1))
        return imaging.class_grid(enlarged, game.batches.data.class_names, columns)

    @cached_property
    def _real(self) -> Tensor:
        """Those that a run begins with, each once, uint8 (N, C, H, W) on the CPU."""
        batches, seed = self._game.batches, Randomness(self._game.run.seed).derive_seed("order")
        numbers = batches.ordered(seed).at(0, min(self._count, len(batches.data)))
        taken = torch.from_numpy(batches.data.store.take(numbers))
        return taken.permute(0, 3, 1, 2).contiguous()

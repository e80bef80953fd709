"""The sheets of pictures that a run shows: real ones at its start, samples now and then."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo import pictures
from ganzoo.training.diversity import diversity
from ganzoo.training.ema import Ema
from ganzoo.training.phases import Game
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import make_pictures, spread

Show = Callable[[str, NDArray[np.uint8]], None]


class Sheets:
    """Draws sheets and passes them, each with its name, to ``show``."""

    def __init__(self, game: Game, ema: Ema, show: Show) -> None:
        self._game = game
        self._ema = ema
        self._show = show
        self._count = game.run.sample.count

    def real(self) -> None:
        """Draw real pictures as the discriminator sees them."""
        game = self._game
        random = game.randomness.generator("shown", 0, game.engine.device)
        images = pictures.from_uint8(self._real.to(game.engine.device))
        shown = game.view(game.augment(images, random), random)
        self._show("real", pictures.grid(pictures.to_uint8(shown)))

    def samples(self) -> float | None:
        """Draw samples; returns their diversity as a share of that of real pictures.

        ``None`` where that cannot be said: of a single picture, or where all real ones are alike.
        """
        game = self._game
        labels = spread(game.classes, self._count) if game.classes else None
        self._ema.settle(Randomness(game.run.seed), game.classes)
        made = make_pictures(self._ema.generator, self._count, game.run.seed, labels)
        # Those of an early stage as large as the last one's, so that all sheets are alike.
        factor = game.batches.data.shape.height // game.point.stage.image.height
        self._show("samples", pictures.grid(pictures.enlarged(made, factor)))
        if self._count < 2:
            return None
        real = game.point.shrink(pictures.from_uint8(self._real))
        real_diversity = diversity(pictures.to_uint8(real))
        return diversity(made) / real_diversity if real_diversity else None

    @cached_property
    def _real(self) -> Tensor:
        """Those that a run begins with, each once, uint8 (N, C, H, W) on the CPU."""
        batches, seed = self._game.batches, Randomness(self._game.run.seed).number("order")
        numbers = batches.ordered(seed).at(0, min(self._count, len(batches.data)))
        taken = torch.from_numpy(batches.data.store.take(numbers))
        return taken.permute(0, 3, 1, 2).contiguous()

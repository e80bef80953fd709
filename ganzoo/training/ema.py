"""The exponential moving average of the generator's weights."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.contracts import Generator
from ganzoo.sections import EmaOptions
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import ClassFrequencies

_BATCHES, _BATCH_SIZE = 4, 32
"""What batch normalization's statistics are taken from.

In a DCGAN of 32 pixels, 128 images give means within 1.2 % of a standard deviation and variances
within 2 %, which changes images by 1.3 of 255 on average; 512 images halve that.
"""


class Ema:
    """The averaged generator, from which samples are drawn.

    Batch statistics are computed with labels of these ``frequencies``, if any, and from the seed;
    ``progress`` is told what is computed, how much of it is done, and how much there is.
    """

    def __init__(
        self,
        generator: Generator,
        settings: EmaOptions,
        seed: int = 0,
        frequencies: ClassFrequencies | None = None,
        progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    ) -> None:
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)
        self.settings = settings
        self._randomness = Randomness(seed)
        self._frequencies = frequencies
        self._progress = progress
        self._averaged: list[Tensor] = list(self.generator.parameters())
        self._averaged_buffers = list(self.generator.buffers())
        self.statistics_are_current = False
        """Whether batch statistics are those of the weights, as saved ones are."""
        self._trained = False

    def decay(self, made: int, batch: int) -> float:
        """The set decay, or 2^(-batch / half-life), ramping up with the images made so far.

        Karras et al. 2020 (arXiv 2006.06676), appendix.
        """
        if self.settings.decay is not None:
            return self.settings.decay
        half_life = self.settings.half_life
        if self.settings.rampup:
            half_life = min(half_life, made * self.settings.rampup)
        return float(0.5 ** (batch / half_life)) if half_life > 0 else 0.0

    @torch.no_grad()
    def update(self, generator: Generator, made: int, batch: int) -> None:
        """Move towards ``generator`` after its update on ``batch`` images, ``made`` in all."""
        weights: list[Tensor] = list(generator.parameters())
        torch._foreach_lerp_(self._averaged, weights, 1.0 - self.decay(made, batch))
        for averaged, buffer in zip(self._averaged_buffers, generator.buffers(), strict=True):
            averaged.copy_(buffer)
        self.statistics_are_current, self._trained = False, True

    @torch.no_grad()
    def update_batch_statistics(self) -> None:
        """Give batch normalization the statistics of the averaged weights.

        Those of the weights that are trained belong to other activations, and so would their
        average (Izmailov et al. 2018, arXiv 1803.05407, section 3.2). Each class is as frequent as
        in training. The same weights always get the same statistics, whenever they are asked for.
        """
        norms = [module for module in self.generator.modules() if isinstance(module, _BatchNorm)]
        if self.statistics_are_current or not norms:
            return
        self.statistics_are_current = True
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all batches
            norm.train()
        device = next(self.generator.parameters()).device
        batches = _BATCHES if self._trained else 1  # no one waits long to see initial weights
        for batch in range(batches):
            self._progress("batch statistics of the averaged generator", batch, batches)
            random = self._randomness.generator("settling", batch)
            latents = self.generator.sample_latents(_BATCH_SIZE, random).to(device)
            labels = None
            if self._frequencies:
                numbers = range(batch * _BATCH_SIZE, (batch + 1) * _BATCH_SIZE)
                labels = self._frequencies.labels(numbers, self._randomness.seed).to(device)
            self.generator(latents, labels)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()

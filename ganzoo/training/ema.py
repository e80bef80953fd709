"""The exponential moving average of the generator's weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.contracts import Generator
from ganzoo.sections import Averaging
from ganzoo.training.randomness import Randomness

_BATCHES, _BATCH_SIZE = 8, 64
"""What batch normalisation's statistics are taken from."""


class Ema:
    """The averaged generator, from which samples are drawn."""

    def __init__(self, generator: Generator, settings: Averaging) -> None:
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)
        self.settings = settings
        self._averaged: list[Tensor] = list(self.generator.parameters())
        self._averaged_buffers = list(self.generator.buffers())
        self._settled = False

    def decay(self, made: int, batch: int) -> float:
        """The set decay, or 2^(-batch / half-life), ramping up with the pictures made so far.

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
        """Move towards ``generator`` after its update on ``batch`` pictures, ``made`` in all."""
        weights: list[Tensor] = list(generator.parameters())
        torch._foreach_lerp_(self._averaged, weights, 1.0 - self.decay(made, batch))
        for averaged, buffer in zip(self._averaged_buffers, generator.buffers(), strict=True):
            averaged.copy_(buffer)
        self._settled = False

    @torch.no_grad()
    def settle(self, randomness: Randomness, classes: int) -> None:
        """Give batch normalisation the statistics of the averaged weights.

        Those of the weights that are trained belong to other activations, and so would their
        average (Izmailov et al. 2018, arXiv 1803.05407, section 3.2). The same weights always get
        the same statistics, whenever they are asked for.
        """
        norms = [module for module in self.generator.modules() if isinstance(module, _BatchNorm)]
        if self._settled or not norms:
            return
        self._settled = True
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all batches
            norm.train()
        device = next(self.generator.parameters()).device
        for batch in range(_BATCHES):
            random = randomness.generator("settling", batch)
            latents = self.generator.sample_latents(_BATCH_SIZE, random).to(device)
            labels = None
            if classes:
                labels = torch.randint(classes, (_BATCH_SIZE,), generator=random).to(device)
            self.generator(latents, labels)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()

"""The exponential moving average of the generator's weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from ganzoo.contracts import Generator
from ganzoo.run import Averaging


class Ema:
    """The averaged generator, from which samples are drawn."""

    def __init__(self, generator: Generator, settings: Averaging) -> None:
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)
        self.settings = settings
        self._averaged: list[Tensor] = list(self.generator.parameters())
        self._averaged_buffers = list(self.generator.buffers())

    def decay(self, shown: int, batch: int) -> float:
        """Beta = 2^(-batch / half-life), the half-life ramping up with the pictures shown so far.

        Karras et al. 2020 (arXiv 2006.06676), appendix.
        """
        half_life = self.settings.half_life
        if self.settings.rampup:
            half_life = min(half_life, shown * self.settings.rampup)
        return float(0.5 ** (batch / half_life)) if half_life > 0 else 0.0

    @torch.no_grad()
    def update(self, generator: Generator, shown: int, batch: int) -> None:
        """Move towards ``generator`` after its update on ``batch`` pictures, ``shown`` in all."""
        weights: list[Tensor] = list(generator.parameters())
        torch._foreach_lerp_(self._averaged, weights, 1.0 - self.decay(shown, batch))
        # Running statistics are averages already; a second average would only lag behind.
        for averaged, buffer in zip(self._averaged_buffers, generator.buffers(), strict=True):
            averaged.copy_(buffer)

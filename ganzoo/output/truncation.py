"""Latents nearer to their mean than they were trained: more usual images, and less diverse."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts import Generator
from ganzoo.training.randomness import Randomness

_BATCHES, _AT_ONCE = 64, 64
"""Of draws whose mean stands for that of all."""


class Truncated(Generator):
    """A generator that draws its latents nearer to their mean m: m + psi (z - m), 0 < psi < 1.

    The mean is that of 4096 draws, about 0 for normal latents (after Karras et al. 2018, arXiv
    1812.04948, section B, where it is that of intermediate latents).
    """

    def __init__(self, generator: Generator, psi: float) -> None:
        assert 0 < psi < 1
        super().__init__()
        self.generator = generator
        self.psi = psi
        self.mean = mean_latent(generator)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """The images of the generator itself."""
        return self.generator(latents, labels)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Those of the generator, pulled towards the mean."""
        drawn = self.generator.sample_latents(n, random)
        return self.mean.to(drawn).lerp(drawn, self.psi)


def mean_latent(generator: Generator) -> Tensor:
    """The mean of many latents (1, ...); it follows from the generator's kind alone."""
    random = Randomness(0).generator("mean latent")
    draws = (generator.sample_latents(_AT_ONCE, random) for _ in range(_BATCHES))
    means = torch.stack([drawn.mean(0, keepdim=True, dtype=torch.float64) for drawn in draws])
    return means.mean(0).float()

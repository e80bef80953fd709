"""The truncation trick: latents nearer to their mean give more typical, less diverse images."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts import Generator
from ganzoo.training.randomness import Randomness

_BATCHES, _BATCH_SIZE = 64, 64
"""The mean is estimated from 64 x 64 samples."""


class TruncatedGenerator(Generator):
    """A generator whose latents are m + psi (z - m), 0 < psi < 1, where m is the mean latent.

    The mean is estimated from 4096 samples; it is about 0 for normal latents (after Karras et al.
    2018, arXiv 1812.04948, section B, which truncates intermediate latents).
    """

    def __init__(self, generator: Generator, psi: float) -> None:
        assert 0 < psi < 1
        super().__init__()
        self.generator = generator
        self.psi = psi
        self.mean = mean_latent(generator)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of the generator; the latents are used unchanged."""
        return self.generator(latents, condition)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """``n`` truncated latents."""
        sampled = self.generator.sample_latents(n, random)
        return self.mean.to(sampled).lerp(sampled, self.psi)


def mean_latent(generator: Generator) -> Tensor:
    """The mean of 4096 latents, float32 (1, ...); it does not depend on any seed or weights."""
    random = Randomness(0).generator("mean latent")
    batches = (generator.sample_latents(_BATCH_SIZE, random) for _ in range(_BATCHES))
    means = torch.stack([latents.mean(0, keepdim=True, dtype=torch.float64) for latents in batches])
    return means.mean(0).float()

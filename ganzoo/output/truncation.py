"""The truncation trick: latents nearer to their mean give more typical, less diverse images."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts import Generator, MappingGenerator
from ganzoo.training.randomness import Randomness

_BATCHES, _BATCH_SIZE = 64, 64
"""The mean of latents is estimated from 64 x 64 samples."""
_MAPPED = 1024
"""The mean of intermediate latents is estimated from so many samples of each condition."""


def truncated(generator: Generator, psi: float) -> Generator:
    """The generator with truncated latents, intermediate ones if it has some; 0 < psi < 1."""
    assert 0 < psi < 1
    if isinstance(generator, MappingGenerator):
        return TruncatedMapping(generator, psi)
    return TruncatedGenerator(generator, psi)


class TruncatedGenerator(Generator):
    """A generator whose latents are m + psi (z - m), where m is the mean latent.

    The mean is estimated from 4096 samples; it is about 0 for normal latents.
    """

    def __init__(self, generator: Generator, psi: float) -> None:
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


class TruncatedMapping(Generator):
    """A generator whose intermediate latents are m + psi (w - m).

    m is the mean of the intermediate latents of 1024 seeded latents with the condition of the image
    (Karras et al. 2019, arXiv 1812.04948, appendix B; a mean for each condition: Dobler et al.
    2022, arXiv 2202.11777). So an image keeps its class or values.
    """

    def __init__(self, generator: Generator, psi: float) -> None:
        assert isinstance(generator, MappingGenerator)
        super().__init__()
        self.generator = generator
        self.psi = psi
        self._means: dict[tuple[float, ...], Tensor] = {}

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """``n`` latents of the generator."""
        latents: Tensor = self.generator.sample_latents(n, random)
        return latents

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The truncated intermediate latents."""
        w: Tensor = self.generator.map(latents, condition)
        if condition is None:
            means = self._mean(None, w.device)
        else:
            means = torch.cat([self._mean(row[None], w.device) for row in condition])
        return means.to(w).lerp(w, self.psi)

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """The images of intermediate latents."""
        images: Tensor = self.generator.synthesize(intermediate)
        return images

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of truncated intermediate latents."""
        return self.synthesize(self.map(latents, condition))

    def _mean(self, condition: Tensor | None, device: torch.device) -> Tensor:
        """The mean with a condition, (1, ...)."""
        key = () if condition is None else tuple(condition.flatten().tolist())
        if key not in self._means:
            self._means[key] = mean_intermediate(self.generator, condition, device)
        return self._means[key]


def mean_latent(generator: Generator) -> Tensor:
    """The mean of 4096 latents, float32 (1, ...); it does not depend on any seed or weights."""
    random = Randomness(0).generator("mean latent")
    batches = (generator.sample_latents(_BATCH_SIZE, random) for _ in range(_BATCHES))
    means = torch.stack([latents.mean(0, keepdim=True, dtype=torch.float64) for latents in batches])
    return means.mean(0).float()


@torch.no_grad()
def mean_intermediate(
    generator: Generator, condition: Tensor | None, device: torch.device
) -> Tensor:
    """The mean of the intermediate latents of 1024 latents with one condition, float32 (1, ...).

    ``condition`` has one row. The mean depends on the weights and the condition alone.
    """
    assert isinstance(generator, MappingGenerator)
    latents = generator.sample_latents(_MAPPED, Randomness(0).generator("mean latent"))
    rows = None if condition is None else condition.expand(_MAPPED, *condition.shape[1:])
    w = generator.map(latents.to(device), rows)
    # Not every device has float64.
    return w.cpu().mean(0, keepdim=True, dtype=torch.float64).float().to(device)

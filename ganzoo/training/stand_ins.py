"""Small networks in place of a run's, to try losses and regularizers with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.contracts import Discriminator, Generator, ImageShape, Networks

_LATENT_DIM = 4


class LinearGenerator(Generator):
    """One linear layer from latents to images in [-1, 1]."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(_LATENT_DIM, torch.Size(image_shape).numel()),
            nn.Tanh(),
            nn.Unflatten(1, tuple(image_shape)),
        )

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, 4)."""
        return torch.randn(n, _LATENT_DIM, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W)."""
        images: Tensor = self.layers(latents)
        return images


class LinearDiscriminator(Discriminator):
    """One linear layer from an image to its score."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        pixels = torch.Size(image_shape).numel()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images)
        return scores


def stand_ins(image_shape: ImageShape) -> Networks:
    """A linear generator and a linear discriminator."""
    return Networks(
        generator=LinearGenerator(image_shape), discriminator=LinearDiscriminator(image_shape)
    )

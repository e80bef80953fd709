"""Small networks in place of a run's, to try losses and regularizers with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.contracts import Discriminator, Generator, ImageShape, Networks

_WIDTH = 4


class LinearGenerator(Generator):
    """A linear map to four values, and from these to images in [-1, 1].

    It has all that a loss or a regularizer may ask for: latents in the shape of the images, and
    intermediate latents.
    """

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.image_shape = image_shape
        pixels = torch.Size(image_shape).numel()
        self.mapping = nn.Sequential(nn.Flatten(), nn.Linear(pixels, _WIDTH))
        self.layers = nn.Sequential(
            nn.Linear(_WIDTH, pixels), nn.Tanh(), nn.Unflatten(1, tuple(image_shape))
        )

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, C, H, W)."""
        return torch.randn(n, *self.image_shape, generator=random, device=random.device)

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Intermediate latents, (N, 4)."""
        intermediate: Tensor = self.mapping(latents)
        return intermediate

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """Images, (N, C, H, W)."""
        images: Tensor = self.layers(intermediate)
        return images

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W)."""
        return self.synthesize(self.map(latents, condition))


class LinearDiscriminator(Discriminator):
    """One linear layer from an image to its score, and one number per channel to reconstruct it."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        pixels = torch.Size(image_shape).numel()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0))
        self.gain = nn.Parameter(torch.ones(image_shape.channels, 1, 1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images)
        return scores

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        """The squared difference of the score and the sum of the condition, (N,)."""
        sums = condition.float().view(len(images), -1).sum(1)
        return (self.forward(images) - sums).square()

    def reconstruct(self, images: Tensor, number: int) -> list[tuple[Tensor, Tensor]]:
        """The images times the numbers, and the images."""
        return [(self.gain * images, images)]


def stand_ins(image_shape: ImageShape) -> Networks:
    """A linear generator and a linear discriminator."""
    return Networks(
        generator=LinearGenerator(image_shape), discriminator=LinearDiscriminator(image_shape)
    )

"""Networks of two small layers, and of latents in the shape of the images, for the other trials."""

from math import prod

import torch
from torch import Tensor, nn

from ganzoo import (
    ArchitectureSpec,
    Condition,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    Options,
    hookimpl,
)


def layers(inputs: int, outputs: int, width: int = 8) -> nn.Sequential:
    """Two layers, from (N, ...) to (N, outputs)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs)
    )


class TinyGenerator(Generator):
    """Latents have the shape of the images."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.shape = image_shape
        self.layers = layers(prod(image_shape), prod(image_shape))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, C, H, W)."""
        return torch.randn(n, *self.shape, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layers(latents).tanh().view(-1, *self.shape)
        return images


class TinyDiscriminator(Discriminator):
    """One score per image."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = layers(prod(image_shape), 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images).flatten()
        return scores


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks."""
    return Networks(
        generator=TinyGenerator(image_shape), discriminator=TinyDiscriminator(image_shape)
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [ArchitectureSpec(name="tiny", summary="Two small layers.", factory=build)]

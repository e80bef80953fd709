"""A discriminator of frozen features, with one score per patch.

As in Sauer et al. 2021 (arXiv 2111.01007), but with random features.
"""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

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

LATENT, FEATURES = 4, 8


class LinearGenerator(Generator):
    """One linear layer, then tanh."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.shape = image_shape
        self.layer = nn.Linear(LATENT, prod(image_shape))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, 4)."""
        return torch.randn(n, LATENT, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layer(latents).tanh().view(-1, *self.shape)
        return images


class FeatureDiscriminator(Discriminator):
    """A trained layer on frozen features of patches."""

    frozen_parameters = ("filters",)
    filters: Tensor

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)  # the same filters in every run
        shape = FEATURES, image_shape.channels, 4, 4
        self.register_buffer("filters", torch.randn(shape, generator=random) / shape[1] ** 0.5 / 4)
        self.score = nn.Conv2d(FEATURES, 1, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of patches, (N, K)."""
        features = leaky_relu(conv2d(images, self.filters, stride=2), 0.2)
        scores: Tensor = self.score(features).flatten(1)
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
        generator=LinearGenerator(image_shape), discriminator=FeatureDiscriminator(image_shape)
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="frozen-features",
            summary="A discriminator of frozen random features.",
            factory=build,
        )
    ]

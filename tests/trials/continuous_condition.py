"""Networks that are told continuous values of each image, such as its hue."""

from math import prod

import torch
from torch import Tensor, nn

from ganzoo import (
    ArchitectureSpec,
    Condition,
    ConditionEmbedding,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    Options,
    hookimpl,
)

LATENT, WIDTH = 4, 8


class ConditionalGenerator(Generator):
    """Two layers from a latent and the vector of its condition."""

    def __init__(self, image_shape: ImageShape, condition: Condition) -> None:
        super().__init__()
        self.shape = image_shape
        self.embedding = ConditionEmbedding(condition, LATENT)
        first, last = nn.Linear(2 * LATENT, WIDTH), nn.Linear(WIDTH, prod(image_shape))
        self.layers = nn.Sequential(first, nn.Tanh(), last, nn.Tanh())

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, 4)."""
        return torch.randn(n, LATENT, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layers(torch.cat([latents, self.embedding(condition)], 1))
        return images.view(-1, *self.shape)


class ProjectionDiscriminator(Discriminator):
    """psi(phi(x)) + <V y, phi(x)> (Miyato and Koyama 2018, arXiv 1802.05637, equation 5)."""

    def __init__(self, image_shape: ImageShape, condition: Condition) -> None:
        super().__init__()
        self.phi = nn.Sequential(nn.Flatten(), nn.Linear(prod(image_shape), WIDTH), nn.Tanh())
        self.psi = nn.Linear(WIDTH, 1)
        self.embedding = ConditionEmbedding(condition, WIDTH)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        features = self.phi(images)
        scores: Tensor = self.psi(features).flatten()
        projection: Tensor = (self.embedding(condition) * features).sum(1)
        return scores + projection


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks."""
    if condition is None:
        raise ValueError("it needs images with values: set data.conditional=true")
    return Networks(
        generator=ConditionalGenerator(image_shape, condition),
        discriminator=ProjectionDiscriminator(image_shape, condition),
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="continuous",
            summary="Networks that are told values of each image.",
            factory=build,
            conditions=("vector",),
            recommends={"data.conditional": True},
            reference="Miyato and Koyama 2018, arXiv 1802.05637",
        )
    ]

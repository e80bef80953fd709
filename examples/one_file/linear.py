"""An architecture in one file: ``ganzoo train blossoms linear wgan-gp --plugin linear.py``."""

from math import prod

import torch
from pydantic import Field
from torch import Tensor, nn

from ganzoo import (
    Architecture,
    Discriminator,
    Generator,
    ImageShape,
    Needs,
    Networks,
    Options,
    hookimpl,
)


class LinearOptions(Options):
    """The size of the networks."""

    latents: int = Field(32, ge=1, description="How many normal latents a picture is made from.")


class LinearGenerator(Generator):
    """One matrix, then tanh."""

    def __init__(self, latents: int, image: ImageShape) -> None:
        super().__init__()
        self.latents = latents
        self.layers = nn.Sequential(
            nn.Linear(latents, prod(image)), nn.Tanh(), nn.Unflatten(1, tuple(image))
        )

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, latents)."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images


class LinearDiscriminator(Discriminator):
    """A weighted sum of the pixels."""

    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(image), 1), nn.Flatten(0))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images)
        return scores


def build(options: LinearOptions, *, image: ImageShape, classes: int, needs: Needs) -> Networks:
    """Both networks; each picture is scored on its own, whatever the loss needs."""
    return Networks(
        generator=LinearGenerator(options.latents, image), discriminator=LinearDiscriminator(image)
    )


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """One architecture."""
    return [
        Architecture(
            name="linear",
            summary="One matrix each: the least that can be trained.",
            factory=build,
            options=LinearOptions,
        )
    ]

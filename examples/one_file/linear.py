"""An architecture in one file: ``ganzoo train blossoms linear wgan-gp --plugin linear.py``."""

from math import prod

from pydantic import Field
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


class LinearOptions(Options):
    """Options of the linear networks."""

    latent_dim: int = Field(32, ge=1, description="Length of the latent vector (standard normal).")


class LinearGenerator(Generator):
    """One matrix, then tanh."""

    def __init__(self, latent_dim: int, image_shape: ImageShape) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, prod(image_shape)), nn.Tanh(), nn.Unflatten(1, tuple(image_shape))
        )

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.layers(latents)
        return images


class LinearDiscriminator(Discriminator):
    """A weighted sum of the pixels."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(image_shape), 1), nn.Flatten(0))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        scores: Tensor = self.layers(images)
        return scores


def build(
    options: LinearOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; scores are independent, so they suit every loss."""
    return Networks(
        generator=LinearGenerator(options.latent_dim, image_shape),
        discriminator=LinearDiscriminator(image_shape),
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="linear",
            summary="One linear layer in each network.",
            factory=build,
            options=LinearOptions,
        )
    ]

"""Residual networks of one width; the discriminator's layers have spectral normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    SpectralConv,
)

if TYPE_CHECKING:
    from ganzoo_sngan import SnganOptions


def build(
    options: SnganOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks.

    Raises ValueError for an image size that cannot be halved, and for a loss that clips weights.
    """
    if requirements.constrained_weights:
        raise ValueError(
            "the loss clips weights, which spectral normalization makes ineffective: choose "
            "another loss, such as hinge"
        )
    return Networks(
        generator=ResidualGenerator(options, image_shape, condition),
        discriminator=ResidualDiscriminator(options, image_shape, condition),
    )


class Up(nn.Module):
    """A residual block that doubles height and width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to (N, width, 2 H, 2 W)."""
        y = interpolate(relu(self.norms[0](x)), scale_factor=2)
        y = self.convs[1](relu(self.norms[1](self.convs[0](y))))
        larger: Tensor = interpolate(x, scale_factor=2) + y
        return larger


class Down(nn.Module):
    """A residual block that halves height and width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            SpectralConv(width, width, 3, padding=1, bias=True) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to (N, width, H / 2, W / 2)."""
        return avg_pool2d(x + self.convs[1](relu(self.convs[0](relu(x)))), 2)


class ResidualGenerator(Generator):
    """Projects latents to small feature maps; each block doubles them."""

    def __init__(
        self, options: SnganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        width, self.latent_dim = options.base_channels, options.latent_dim
        first, *larger = image_shape.halved_shapes(largest=15)
        self.conditioned = ConditionedLatents(self.latent_dim, condition)
        self.project = nn.Linear(self.conditioned.width, width * first.height * first.width)
        self.maps = (width, first.height, first.width)
        self.blocks = nn.Sequential(*(Up(width) for _ in larger))
        self.norm = nn.BatchNorm2d(width)
        self.to_image = nn.Conv2d(width, image_shape.channels, 3, padding=1)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W) in [-1, 1]."""
        latents = self.conditioned(latents, condition)
        maps = self.blocks(self.project(latents).unflatten(1, self.maps))
        images: Tensor = self.to_image(relu(self.norm(maps))).tanh()
        return images


class ResidualDiscriminator(Discriminator):
    """Halves feature maps, and adds them up to the features phi(x).

    The score is v^T phi(x), with a condition y plus y^T V phi(x).
    """

    def __init__(
        self, options: SnganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        width = options.base_channels
        halvings = len(image_shape.halved_shapes(largest=15)) - 1
        self.from_image = SpectralConv(image_shape.channels, width, 3, padding=1, bias=True)
        self.blocks = nn.Sequential(*(Down(width) for _ in range(halvings)))
        self.score = SpectralConv(width, 1, 1, bias=True)
        self.embed = ConditionEmbedding(condition, width, width**-0.5) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        features = relu(self.blocks(self.from_image(images))).sum((2, 3), keepdim=True)
        score: Tensor = self.score(features).flatten()
        if self.embed:
            score = score + (self.embed(condition) * features.flatten(1)).sum(1)
        return score

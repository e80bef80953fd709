"""Residual generator and discriminator (Gulrajani et al. 2017, Miyato et al. 2018)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo import (
    Condition,
    ConditionEmbedding,
    ConditionEstimator,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
)
from ganzoo_resnet.blocks import DiscriminatorBlock, GeneratorBlock
from ganzoo_resnet.layers import conv, dense, normalize_spectrally
from ganzoo_resnet.plan import discriminator_blocks, generator_widths, require_attention

if TYPE_CHECKING:
    from ganzoo_resnet import ResnetOptions


def build(
    options: ResnetOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; the discriminator has no batch statistics.

    Raises ValueError for an image size that is no doubling of a small one, for a height
    ``attention`` that no feature maps have, and for spectral normalization with a loss that clips
    weights.
    """
    require_attention(options, image_shape)
    is_normalized = _has_spectral_norm(options, requirements)
    generator = ResnetGenerator(options, image_shape, condition)
    discriminator = ResnetDiscriminator(options, image_shape, condition)
    if is_normalized:
        normalize_spectrally(discriminator)
    if condition and requirements.estimated_condition:
        discriminator.add_estimator(condition)
    return Networks(generator=generator, discriminator=discriminator)


class ResnetGenerator(Generator):
    """Projects latents to small feature maps; each residual block doubles their size."""

    def __init__(
        self, options: ResnetOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        widths = generator_widths(options, image_shape)
        first, *larger = image_shape.halved_shapes()
        self.latent_dim = options.latent_dim
        self.maps = (widths[0], first.height, first.width)
        self.project = dense(options.latent_dim, widths[0] * first.height * first.width)
        self.blocks = nn.ModuleList(
            GeneratorBlock(wide, narrow, condition, attends=shape.height == options.attention)
            for (wide, narrow), shape in zip(pairwise(widths), larger, strict=True)
        )
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_image = conv(widths[-1], image_shape.channels, 3)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latent_dim)."""
        x = self.project(latents).unflatten(1, self.maps)
        for block in self.blocks:
            x = block(x, condition)
        images: Tensor = self.to_image(relu(self.norm(x))).tanh()
        return images


class ResnetDiscriminator(Discriminator):
    """Residual blocks; one score from the sum or mean of the last feature maps.

    With a condition y, the score is psi(phi(x)) + y^T V phi(x) (Miyato & Koyama 2018, eq. 3).
    """

    def __init__(
        self, options: ResnetOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        blocks = discriminator_blocks(options, image_shape)
        width = blocks[-1].width
        inputs = [image_shape.channels, *(block.width for block in blocks)]
        self.blocks = nn.Sequential(
            *(
                DiscriminatorBlock(
                    inputs[number],
                    block.width,
                    halves=block.halves,
                    attends=block.attends,
                    first=number == 0,
                )
                for number, block in enumerate(blocks)
            )
        )
        self.pooling = options.pooling
        self.score = dense(width, 1)
        self.embed: ConditionEmbedding | None = None
        if condition:
            std = sqrt(2 / (condition.size + width))  # as in Glorot & Bengio 2010
            self.embed = ConditionEmbedding(condition, width, std)
        self.width = width
        self.estimator: ConditionEstimator | None = None

    def add_estimator(self, condition: Condition) -> None:
        """Add the layer that ``condition_error`` needs; it is not normalized."""
        self.estimator = ConditionEstimator(condition, self.width)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        features = self.features(images)
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            scores = scores + (self.embed(condition) * features).sum(dim=1)
        return scores

    def features(self, images: Tensor) -> Tensor:
        """The sum or mean of the last feature maps, (N, width)."""
        maps = relu(self.blocks(images)).flatten(2)
        return maps.sum(dim=2) if self.pooling == "sum" else maps.mean(dim=2)

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        """The error of the condition that is estimated from the features, (N,)."""
        assert self.estimator is not None
        error: Tensor = self.estimator(self.features(images), condition)
        return error


def _has_spectral_norm(options: ResnetOptions, requirements: LossRequirements) -> bool:
    """Whether the discriminator is normalized; auto: unless the loss limits it in another way."""
    if options.spectral_norm == "auto":
        return not (requirements.independent_scores or requirements.constrained_weights)
    if options.spectral_norm and requirements.constrained_weights:
        raise ValueError(
            "the loss clips the discriminator's weights, but spectral normalization scales them "
            "when they are used: set spectral_norm=false"
        )
    return options.spectral_norm

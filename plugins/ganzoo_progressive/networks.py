"""The progressively grown networks of Karras et al. 2017.

The discriminator projects conditions as in Miyato & Koyama 2018. Stage 0 has the smallest images;
each later stage doubles height and width.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    EqualizedConv,
    EqualizedLinear,
    GrowingDiscriminator,
    GrowingGenerator,
    ImageShape,
    LossRequirements,
    MinibatchStddev,
    Networks,
)
from ganzoo_progressive.layers import GAIN, EqualizedProjection, PixelNorm

if TYPE_CHECKING:
    from ganzoo_progressive import ProgressiveOptions


def build(
    options: ProgressiveOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; ``mbstd_group_size=1`` removes the minibatch standard deviation layer.

    Raises ValueError if the sides of the images cannot be halved down to 15 pixels or less, and if
    the loss clips weights: the stored weights are N(0, 1) before they are scaled.
    """
    if requirements.constrained_weights:
        raise ValueError(
            "the loss clips the discriminator's weights, but they are scaled when used: use wgan-gp"
        )
    return Networks(
        generator=ProgressiveGenerator(options, image_shape, condition),
        discriminator=ProgressiveDiscriminator(options, image_shape, condition),
        batch_dependent_scores=options.mbstd_group_size > 1,
    )


class ProgressiveGenerator(GrowingGenerator):
    """Projects latents to the smallest feature maps, then upsamples these, one block per stage.

    Each stage has its own toRGB layer. A learned embedding of the condition is concatenated to the
    latents.
    """

    def __init__(
        self, options: ProgressiveOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        stages = image_shape.halved_shapes(largest=15)
        widths = _widths(options, len(stages))
        conditioned = ConditionedLatents(options.latent_dim, condition)
        blocks = [_first_generator_block(conditioned.width, widths[0], stages[0])]
        blocks += [_upsampling_block(wide, narrow) for wide, narrow in pairwise(widths)]
        to_rgb = [EqualizedConv(width, image_shape.channels, 1) for width in widths]
        super().__init__(stages, blocks, to_rgb)
        self.latent_dim = options.latent_dim
        self.conditioned = conditioned

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W), unbounded, from latents of shape (N, latent_dim)."""
        return self.grown(self.conditioned(latents, condition))


class ProgressiveDiscriminator(GrowingDiscriminator):
    """Downsamples images, one block per stage, and computes one score from the smallest maps.

    Each stage has its own fromRGB layer. With a condition y, the score is
    psi(phi(x)) + y^T V phi(x) / sqrt(D) (Miyato & Koyama 2018, eq. 3), where phi(x) has D features.
    So V is equalized, too.
    """

    def __init__(
        self, options: ProgressiveOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        stages = image_shape.halved_shapes(largest=15)
        widths = _widths(options, len(stages))
        blocks = [_last_discriminator_block(widths[0], stages[0], options.mbstd_group_size)]
        blocks += [_downsampling_block(narrow, wide) for wide, narrow in pairwise(widths)]
        from_rgb = [
            _activated(EqualizedConv(image_shape.channels, width, 1, gain=GAIN)) for width in widths
        ]
        super().__init__(stages, blocks, from_rgb)
        self.score = EqualizedLinear(widths[0], 1)
        self.embed = ConditionEmbedding(condition, widths[0]) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        features = self.grown(images)
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            projected = (self.embed(condition) * features).sum(dim=1)
            scores = scores + projected / sqrt(features.shape[1])
        return scores


def _widths(options: ProgressiveOptions, stages: int) -> list[int]:
    """The number of feature maps of each stage (table 2)."""
    return [min(options.channel_base >> stage + 1, options.max_channels) for stage in range(stages)]


def _activated(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def _activated_and_normalized(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), PixelNorm())


def _first_generator_block(latent_dim: int, width: int, start: ImageShape) -> nn.Sequential:
    """The generator's first block: (N, latent_dim) to (N, width, H, W) of the first stage."""
    return nn.Sequential(
        PixelNorm(),
        _activated_and_normalized(
            EqualizedProjection(latent_dim, width, start.height, start.width)
        ),
        _activated_and_normalized(EqualizedConv(width, width, 3, padding=1, gain=GAIN)),
    )


def _upsampling_block(inputs: int, outputs: int) -> nn.Sequential:
    """A block of the generator that doubles height and width."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        _activated_and_normalized(EqualizedConv(inputs, outputs, 3, padding=1, gain=GAIN)),
        _activated_and_normalized(EqualizedConv(outputs, outputs, 3, padding=1, gain=GAIN)),
    )


def _downsampling_block(inputs: int, outputs: int) -> nn.Sequential:
    """A block of the discriminator that halves height and width."""
    return nn.Sequential(
        _activated(EqualizedConv(inputs, inputs, 3, padding=1, gain=GAIN)),
        _activated(EqualizedConv(inputs, outputs, 3, padding=1, gain=GAIN)),
        nn.AvgPool2d(2),
    )


def _last_discriminator_block(width: int, start: ImageShape, group: int) -> nn.Sequential:
    """The discriminator's last block: feature maps of the first stage to (N, width)."""
    mbstd = [MinibatchStddev(group)] if group > 1 else []
    return nn.Sequential(
        *mbstd,
        _activated(EqualizedConv(width + len(mbstd), width, 3, padding=1, gain=GAIN)),
        _activated(EqualizedConv(width, width, (start.height, start.width), gain=GAIN)),
        nn.Flatten(),
    )

"""The generator and discriminator of Huang et al. 2024, which mirror each other.

A stage has residual blocks at one size; stages are joined by resampling. There is no normalization.
The smallest shape need not be 4 x 4 as in the paper: it is the image's shape, halved repeatedly.
"""

from __future__ import annotations

from itertools import pairwise
from math import gcd, sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionEmbedding,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
)
from ganzoo_r3gan.layers import Downsampling, ResidualBlock, Upsampling, conv, initialize

if TYPE_CHECKING:
    from ganzoo_r3gan import R3ganOptions

_LARGEST_START = 15
"""The largest shorter side, in pixels, of the smallest feature maps."""


def build(
    options: R3ganOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; raises ValueError if the images cannot be halved to a small shape."""
    return Networks(
        generator=R3ganGenerator(options, image_shape, condition),
        discriminator=R3ganDiscriminator(options, image_shape, condition),
    )


class R3ganGenerator(Generator):
    """Multiplies learned feature maps by a linear function of the latents, then upsamples them.

    An embedding of the condition is concatenated to the latents.
    """

    def __init__(
        self, options: R3ganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        shapes = image_shape.halved_shapes(largest=_LARGEST_START)
        widths = [channels(options, shape) for shape in shapes]
        blocks = options.blocks * len(shapes)
        self.latent_dim = options.latent_dim
        self.embed = embedding(condition, options.latent_dim) if condition else None
        self.basis = nn.Parameter(torch.randn(widths[0], shapes[0].height, shapes[0].width))
        self.project = nn.Linear(options.latent_dim * (1 + bool(condition)), widths[0], bias=False)
        initialize(self.project.weight)
        layers: list[nn.Module] = [stage(options, widths[0], blocks)]
        for inputs, outputs in pairwise(widths):
            layers += [Upsampling(inputs, outputs), stage(options, outputs, blocks)]
        self.layers = nn.Sequential(*layers)
        self.to_image = conv(widths[-1], image_shape.channels)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W), unbounded, from latents of shape (N, latent_dim)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(condition)), dim=1)
        x = self.basis * self.project(latents)[:, :, None, None]
        images: Tensor = self.to_image(self.layers(x))
        return images


class R3ganDiscriminator(Discriminator):
    """Downsamples the image to the smallest feature maps, and these to one vector by a basis.

    The score is a linear function of this vector. With a condition y it is h^T V y: the product of
    an embedding of the condition and a linear function h of the vector (Miyato & Koyama 2018, arXiv
    1802.05637, without the unconditional part).
    """

    def __init__(
        self, options: R3ganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        shapes = image_shape.halved_shapes(largest=_LARGEST_START)[::-1]
        widths = [channels(options, shape) for shape in shapes]
        blocks, last = options.blocks * len(shapes), widths[-1]
        self.from_image = conv(image_shape.channels, widths[0])
        layers: list[nn.Module] = [stage(options, widths[0], blocks)]
        for inputs, outputs in pairwise(widths):
            layers += [Downsampling(inputs, outputs), stage(options, outputs, blocks)]
        size = (shapes[-1].height, shapes[-1].width)
        basis = nn.Conv2d(last, last, size, groups=last, bias=False)
        initialize(basis.weight)
        self.layers = nn.Sequential(*layers, basis, nn.Flatten())
        self.embed = embedding(condition, last, gain=1 / sqrt(last)) if condition else None
        self.score = nn.Linear(last, last if condition else 1, bias=False)
        initialize(self.score.weight)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        h: Tensor = self.score(self.layers(self.from_image(images)))
        if self.embed is None:
            return h.flatten()
        scores: Tensor = (self.embed(condition) * h).sum(dim=1)
        return scores


def embedding(condition: Condition, width: int, gain: float = 1.0) -> ConditionEmbedding:
    """A linear layer without bias; weights from N(0, gain^2 / fan-in), as in all other layers."""
    # The fan-in of a class is the number of classes: it is one row of the weights. Several classes
    # or values are divided by the root of theirs when they are used.
    fan_in = condition.size if condition.kind == "class" else 1
    return ConditionEmbedding(condition, width, gain / sqrt(fan_in))


def stage(options: R3ganOptions, width: int, blocks_of_network: int) -> nn.Sequential:
    """The residual blocks of a stage."""
    inner = options.expansion * width
    groups = inner // options.group_size
    return nn.Sequential(
        *(ResidualBlock(width, inner, groups, blocks_of_network) for _ in range(options.blocks))
    )


def channels(options: R3ganOptions, shape: ImageShape) -> int:
    """The channels of a stage: 768 up to 32 pixels, 384 at 64, 192 at 128, 96 at 256 by default.

    The number is rounded down so that ``expansion`` times as many fill groups of ``group_size``.
    """
    step = options.group_size // gcd(options.group_size, options.expansion)
    width = min(options.channel_base // min(shape.height, shape.width), options.max_channels)
    return max(width // step, 1) * step

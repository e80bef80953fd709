"""Fully convolutional generator and discriminator; the latents have the image's shape.

Latents as in Jetchev et al. 2016, encoder-decoder as in Johnson et al. 2016. No layer depends on
the image's size: latents of another size give images of that size.
"""

from __future__ import annotations

from itertools import pairwise
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
    norm_layer,
)

if TYPE_CHECKING:
    from ganzoo_fully_convolutional import FullyConvolutionalOptions


def build(
    options: FullyConvolutionalOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks, initialized.

    Raises ValueError if the image's sides cannot be halved ``depth`` times.
    """
    # Channels at the image's full size, at 1/2, at 1/4, and so on.
    widths = [
        options.base_channels * min(2**halved, 8)
        for halved in range(_depth(options, image_shape) + 1)
    ]
    generator = FullyConvolutionalGenerator(image_shape, widths, options.blocks, condition)
    discriminator = FullyConvolutionalDiscriminator(
        image_shape, widths, requirements.norm(options.norm), condition
    )
    generator.apply(_initialize)
    discriminator.apply(_initialize)
    return Networks(generator=generator, discriminator=discriminator)


class FullyConvolutionalGenerator(Generator):
    """An encoder-decoder with residual blocks at its smallest feature maps.

    There are no skip connections. Learned constant planes of the condition are concatenated to the
    latents.
    """

    def __init__(
        self, image_shape: ImageShape, widths: list[int], blocks: int, condition: Condition | None
    ) -> None:
        super().__init__()
        self.image = image_shape
        self.condition_planes = ConditionPlanes(image_shape.channels, condition)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise([self.condition_planes.planes, *widths[1:]]):
            layers += [_downsampling_conv(narrow, wide), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [Residual(widths[-1]) for _ in range(blocks)]
        for wide, narrow in pairwise(widths[::-1]):
            layers += [nn.Upsample(scale_factor=2), _conv(wide, narrow)]
            layers += [nn.BatchNorm2d(narrow), nn.ReLU()]
        self.layers = nn.Sequential(
            *layers, _conv(widths[0], image_shape.channels, bias=True), nn.Tanh()
        )

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents for images of the run's size, (n, C, H, W) float32."""
        return torch.randn(n, *self.image, generator=random, device=random.device)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images in [-1, 1] of the latents' shape (N, C, H, W).

        H and W may differ from the run's, but must be multiples of 2^depth.
        """
        images: Tensor = self.layers(self.condition_planes(latents, condition))
        return images


class FullyConvolutionalDiscriminator(Discriminator):
    """Two convolutions per scale, then the mean over the scores of all positions.

    Learned constant planes of the condition are concatenated to the image.
    """

    def __init__(
        self, image_shape: ImageShape, widths: list[int], norm: str, condition: Condition | None
    ) -> None:
        super().__init__()
        self.condition_planes = ConditionPlanes(image_shape.channels, condition)
        inputs = self.condition_planes.planes
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [_conv(inputs, narrow, bias=True), nn.LeakyReLU(0.2)]
            conv = _downsampling_conv(narrow, wide, bias=norm == "none")
            layers += [conv, norm_layer(norm, wide), nn.LeakyReLU(0.2)]
            inputs = wide
        self.layers = nn.Sequential(*layers, _conv(widths[-1], 1, bias=True))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        scores: Tensor = self.layers(self.condition_planes(images, condition))
        return scores.mean((1, 2, 3))


class ConditionPlanes(nn.Module):
    """Concatenates constant planes, one per channel, with values that depend on the condition."""

    def __init__(self, channels: int, condition: Condition | None) -> None:
        super().__init__()
        self.values = ConditionEmbedding(condition, channels) if condition else None
        self.planes = channels * (1 + bool(condition))

    def forward(self, images: Tensor, condition: Tensor | None) -> Tensor:
        """(N, C, H, W) to (N, planes, H, W); unchanged without a condition."""
        if self.values is None:
            return images
        planes = self.values(condition)[:, :, None, None].expand_as(images)
        return torch.cat((images, planes), dim=1)


class Residual(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        # The block starts as the identity (Goyal et al. 2017). Otherwise the generator collapsed
        # to a few images.
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(
            _conv(width, width), nn.BatchNorm2d(width), nn.ReLU(), _conv(width, width), last
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        residual: Tensor = self.layers(maps)
        return maps + residual


def _conv(inputs: int, outputs: int, *, bias: bool = False) -> nn.Module:
    """A convolution that keeps height and width; no bias if a norm follows."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def _downsampling_conv(inputs: int, outputs: int, *, bias: bool = False) -> nn.Module:
    """A convolution that halves height and width; no bias if a norm follows."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)


def _depth(options: FullyConvolutionalOptions, image_shape: ImageShape) -> int:
    """How many times the sides are halved.

    Raises ValueError if a half is not a whole number of pixels.
    """
    depth = options.depth or len(image_shape.halved_shapes(largest=15)) - 1
    unit = 2**depth
    if image_shape.height % unit or image_shape.width % unit:
        low = max(1, min(image_shape.height, image_shape.width) // unit) * unit
        raise ValueError(
            f"cannot halve images of {image_shape.size} pixels {depth} "
            f"times: use a resolution that is a multiple of {unit}, such as {low} or "
            f"{low + unit}, or a smaller depth"
        )
    return depth


def _initialize(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases 0 (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

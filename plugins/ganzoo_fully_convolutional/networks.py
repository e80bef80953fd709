"""Fully convolutional networks: an encoder-decoder, and latents of the image's shape.

Jetchev et al. 2016 (latents); Johnson et al. 2016 (encoder-decoder).

No layer depends on the image's size, so the same weights make images of other sizes from latents
of these sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, ImageShape, LossRequirements, Networks

if TYPE_CHECKING:
    from ganzoo_fully_convolutional import FullyConvolutionalOptions

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    # One group: an image's own mean and variance over [C, H, W], as in Gulrajani et al. 2017.
    "layer": partial(nn.GroupNorm, 1),
    "none": nn.Identity,
}


def build(
    options: FullyConvolutionalOptions,
    *,
    image_shape: ImageShape,
    num_classes: int,
    requirements: LossRequirements,
) -> Networks:
    """Both networks, initialized.

    Raises ValueError where the image's sides cannot be halved ``depth`` times, and where labels
    are asked for and there are none.
    """
    if options.conditional and not num_classes:
        raise ValueError(
            "the images have no labels: leave conditional out, or use a dataset that has them"
        )
    # Channels at the image's size, at half of it, and so on.
    widths = [
        options.base_channels * min(2**halved, 8)
        for halved in range(_depth(options, image_shape) + 1)
    ]
    labels = num_classes if options.conditional else 0
    generator = FullyConvolutionalGenerator(image_shape, widths, options.blocks, labels)
    discriminator = FullyConvolutionalDiscriminator(
        image_shape, widths, requirements.norm(options.norm), labels
    )
    generator.apply(_initialize)
    discriminator.apply(_initialize)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class FullyConvolutionalGenerator(Generator):
    """Halves latents of the image's shape to the smallest feature maps, and doubles these again.

    There are no skip connections. Each label adds learned constant planes to the latents.
    """

    def __init__(
        self, image_shape: ImageShape, widths: list[int], blocks: int, num_classes: int
    ) -> None:
        super().__init__()
        self.image = image_shape
        self.label_planes = LabelPlanes(image_shape.channels, num_classes)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise([self.label_planes.planes, *widths[1:]]):
            layers += [_half(narrow, wide), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [Residual(widths[-1]) for _ in range(blocks)]
        for wide, narrow in pairwise(widths[::-1]):
            layers += [nn.Upsample(scale_factor=2), _same(wide, narrow)]
            layers += [nn.BatchNorm2d(narrow), nn.ReLU()]
        self.layers = nn.Sequential(
            *layers, _same(widths[0], image_shape.channels, bias=True), nn.Tanh()
        )

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw normal noise for ``n`` images of the run's size, (n, C, H, W) float32."""
        return torch.randn(n, *self.image, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images in [-1, 1] of the latents' own shape (N, C, H, W), whatever H and W are.

        Both have to be multiples of 2 to the power of the depth.
        """
        images: Tensor = self.layers(self.label_planes(latents, labels))
        return images


class FullyConvolutionalDiscriminator(Discriminator):
    """Two convolutions at each scale, then the mean score over all positions.

    Each label adds learned constant planes to the image.
    """

    def __init__(
        self, image_shape: ImageShape, widths: list[int], norm: str, num_classes: int
    ) -> None:
        super().__init__()
        self.label_planes = LabelPlanes(image_shape.channels, num_classes)
        inputs = self.label_planes.planes
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [_same(inputs, narrow, bias=True), nn.LeakyReLU(0.2)]
            layers += [_half(narrow, wide, bias=norm == "none"), NORMS[norm](wide)]
            layers += [nn.LeakyReLU(0.2)]
            inputs = wide
        self.layers = nn.Sequential(*layers, _same(widths[-1], 1, bias=True))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        scores: Tensor = self.layers(self.label_planes(images, labels))
        return scores.mean((1, 2, 3))


class LabelPlanes(nn.Module):
    """Concatenates to an image one constant plane per channel, learned for each label."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.values = nn.Embedding(num_classes, channels) if num_classes else None
        self.planes = channels * (2 if num_classes else 1)

    def forward(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """(N, planes, H, W): the images as they are where there are no classes."""
        if self.values is None:
            return images
        planes = self.values(labels)[:, :, None, None].expand_as(images)
        return torch.cat((images, planes), dim=1)


class Residual(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        # The block begins as the identity (Goyal et al. 2017). Without that, the generator
        # collapsed to a handful of images.
        nn.init.zeros_(last.weight)
        self.layers = nn.Sequential(
            _same(width, width), nn.BatchNorm2d(width), nn.ReLU(), _same(width, width), last
        )

    def forward(self, maps: Tensor) -> Tensor:
        """The maps, of the same shape."""
        added: Tensor = self.layers(maps)
        return maps + added


def _same(inputs: int, outputs: int, *, bias: bool = False) -> nn.Module:
    """A convolution that keeps height and width; without a bias where a norm follows."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def _half(inputs: int, outputs: int, *, bias: bool = False) -> nn.Module:
    """A convolution that halves height and width; without a bias where a norm follows."""
    return nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)


def _depth(options: FullyConvolutionalOptions, image_shape: ImageShape) -> int:
    """How often the sides are halved, both whole to the end."""
    shorter = min(image_shape.height, image_shape.width)
    depth = options.depth or max(1, (shorter // 4).bit_length() - 1)
    unit = 2**depth
    if image_shape.height % unit or image_shape.width % unit:
        low = max(1, shorter // unit) * unit
        raise ValueError(
            f"cannot halve images of {image_shape.size} pixels {depth} "
            f"times: take a resolution that is a multiple of {unit}, such as {low} or "
            f"{low + unit}, or a smaller depth"
        )
    return depth


def _initialize(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases zero: signals keep their size (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

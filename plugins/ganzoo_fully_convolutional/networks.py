"""Convolutions alone: a field of noise (Jetchev et al. 2016), an hourglass (Johnson et al. 2016).

No layer knows the picture's size, so the same weights make pictures of other heights and widths,
from latents of these.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, ImageShape, Needs, Networks

if TYPE_CHECKING:
    from ganzoo_fully_convolutional import FullyConvolutionalOptions

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    # One group: a picture's own mean and variance over [C, H, W], as in Gulrajani et al. 2017.
    "layer": partial(nn.GroupNorm, 1),
    "none": nn.Identity,
}


def build(
    options: FullyConvolutionalOptions, *, image: ImageShape, classes: int, needs: Needs
) -> Networks:
    """Both networks, initialised.

    Raises ValueError where the picture's sides cannot be halved ``depth`` times, and where labels
    are asked for and there are none.
    """
    if options.conditional and not classes:
        raise ValueError(
            "the pictures have no labels: leave conditional out, or use a dataset that has them"
        )
    # The number of feature maps at the picture's size, at half of it, ... and at the bottom.
    widths = [options.channels * min(2**halved, 8) for halved in range(_depth(options, image) + 1)]
    labels = classes if options.conditional else 0
    generator = FieldGenerator(image, widths, options.blocks, labels)
    discriminator = FieldDiscriminator(image, widths, needs.norm(options.norm), labels)
    generator.apply(_initialise)
    discriminator.apply(_initialise)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class FieldGenerator(Generator):
    """Halves a field of noise to the bottom, and doubles what it finds there to the picture.

    Nothing but the bottom connects the two ways. Labels become planes of the noise, learned.
    """

    def __init__(self, image: ImageShape, widths: list[int], blocks: int, classes: int) -> None:
        super().__init__()
        self.image = image
        self.tell = LabelPlanes(image.channels, classes)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise([self.tell.planes, *widths[1:]]):
            layers += [_half(narrow, wide), nn.BatchNorm2d(wide), nn.ReLU()]
        layers += [Residual(widths[-1]) for _ in range(blocks)]
        for wide, narrow in pairwise(widths[::-1]):
            layers += [nn.Upsample(scale_factor=2), _same(wide, narrow)]
            layers += [nn.BatchNorm2d(narrow), nn.ReLU()]
        self.layers = nn.Sequential(*layers, _same(widths[0], image.channels, bias=True), nn.Tanh())

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw normal noise for ``n`` pictures of the run's size, (n, C, H, W) float32."""
        return torch.randn(n, *self.image, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures in [-1, 1] of the latents' own shape (N, C, H, W), whatever H and W are.

        Both have to be multiples of 2 to the power of the depth.
        """
        images: Tensor = self.layers(self.tell(latents, labels))
        return images


class FieldDiscriminator(Discriminator):
    """Two convolutions at each scale, then the mean of the scores of the bottom's positions.

    Labels become planes of the picture, learned.
    """

    def __init__(self, image: ImageShape, widths: list[int], norm: str, classes: int) -> None:
        super().__init__()
        self.tell = LabelPlanes(image.channels, classes)
        inputs = self.tell.planes
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [_same(inputs, narrow, bias=True), nn.LeakyReLU(0.2)]
            layers += [_half(narrow, wide, bias=norm == "none"), NORMS[norm](wide)]
            layers += [nn.LeakyReLU(0.2)]
            inputs = wide
        self.layers = nn.Sequential(*layers, _same(widths[-1], 1, bias=True))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        scores: Tensor = self.layers(self.tell(images, labels))
        return scores.mean((1, 2, 3))


class LabelPlanes(nn.Module):
    """Adds to a picture as many planes as it has, each of one value, learned for each label."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.values = nn.Embedding(classes, channels) if classes else None
        self.planes = channels * (2 if classes else 1)

    def forward(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """(N, planes, H, W): the pictures as they are where there are no classes."""
        if self.values is None:
            return images
        planes = self.values(labels)[:, :, None, None].expand_as(images)
        return torch.cat((images, planes), dim=1)


class Residual(nn.Module):
    """Adds to feature maps what two convolutions make of them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        # It adds nothing at first (Goyal et al. 2017). At full strength from the start, blocks
        # leave a generator with a handful of pictures.
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


def _depth(options: FullyConvolutionalOptions, image: ImageShape) -> int:
    """How often the sides are halved, both whole to the end."""
    shorter = min(image.height, image.width)
    depth = options.depth or max(1, (shorter // 4).bit_length() - 1)
    unit = 2**depth
    if image.height % unit or image.width % unit:
        low = max(1, shorter // unit) * unit
        raise ValueError(
            f"cannot halve pictures of {image.size} pixels {depth} times: take "
            f"a resolution that is a multiple of {unit}, such as {low} or {low + unit}, or a "
            "smaller depth"
        )
    return depth


def _initialise(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases zero: signals keep their size (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

"""The deep convolutional networks of Radford et al. 2015, with the labels of Mirza & Osindero."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, ImageShape, Needs, Networks

if TYPE_CHECKING:
    from ganzoo_dcgan import DcganOptions

SIZES = (8, 16, 32, 64, 128, 256)

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    # One group: a picture's own mean and variance over [C, H, W], as in Gulrajani et al. 2017.
    "layer": partial(nn.GroupNorm, 1),
    "none": nn.Identity,
}


def build(options: DcganOptions, *, image: ImageShape, classes: int, needs: Needs) -> Networks:
    """Both networks, initialised as in the paper.

    Raises ValueError where the pictures' size is not one of ``SIZES`` squared, and where labels
    are asked for and there are none.
    """
    if image.height != image.width or image.width not in SIZES:
        raise ValueError(_refusal(image))
    if options.conditional and not classes:
        raise ValueError(
            "the pictures have no labels: leave conditional out, or use a dataset that has them"
        )
    generator = DcganGenerator(options, image, classes)
    discriminator = DcganDiscriminator(options, image, classes, needs.norm(options.norm))
    generator.apply(_initialise)
    discriminator.apply(_initialise)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class DcganGenerator(Generator):
    """Projects latents to 4 x 4 feature maps and doubles these up to the picture's size.

    Latents are normal, as nearly everyone draws them; the paper's are uniform in [-1, 1]. Labels
    become latents of their own, learned.
    """

    def __init__(self, options: DcganOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        kernel, latents = options.kernel, options.latents
        widths = _widths(options, image)[::-1]
        self.latents = latents
        self.embed = nn.Embedding(classes, latents) if options.conditional else None
        layers: list[nn.Module] = [
            nn.Linear(latents * (1 + options.conditional), widths[0] * 4 * 4, bias=False),
            nn.Unflatten(1, (widths[0], 4, 4)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        for wide, narrow in pairwise(widths):
            layers += [_up(wide, narrow, kernel), nn.BatchNorm2d(narrow), nn.ReLU()]
        layers += [_up(widths[-1], image.channels, kernel, bias=True), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latents)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(labels)), dim=1)
        images: Tensor = self.layers(latents)
        return images


class DcganDiscriminator(Discriminator):
    """Halves the picture down to 4 x 4 feature maps and weighs these into one score.

    A label becomes one more plane of the picture, learned.
    """

    def __init__(self, options: DcganOptions, image: ImageShape, classes: int, norm: str) -> None:
        super().__init__()
        kernel, widths = options.kernel, _widths(options, image)
        planes = image.channels + options.conditional
        self.embed = (
            nn.Embedding(classes, image.height * image.width) if options.conditional else None
        )
        layers: list[nn.Module] = [
            nn.Dropout(options.dropout),
            _down(planes, widths[0], kernel, bias=True),
            nn.LeakyReLU(0.2),
        ]
        for narrow, wide in pairwise(widths):
            conv = _down(narrow, wide, kernel, bias=norm == "none")
            layers += [conv, NORMS[norm](wide), nn.LeakyReLU(0.2)]
        if options.head == "conv":
            layers += [nn.Conv2d(widths[-1], 1, 4)]
        else:
            layers += [nn.Flatten(), nn.Linear(widths[-1] * 4 * 4, 1)]
        self.layers = nn.Sequential(*layers, nn.Flatten(0))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        if self.embed is not None:
            plane = self.embed(labels).view(-1, 1, *images.shape[2:])
            images = torch.cat((images, plane), dim=1)
        scores: Tensor = self.layers(images)
        return scores


def _widths(options: DcganOptions, image: ImageShape) -> list[int]:
    """The number of feature maps at half the picture's size, at a quarter, ... and at 4 x 4."""
    stages = image.width.bit_length() - (4).bit_length()
    return [options.channels * min(2**stage, 8) for stage in range(stages)]


def _up(inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.Module:
    """A convolution that doubles height and width; without a bias where a norm follows."""
    return nn.ConvTranspose2d(
        inputs,
        outputs,
        kernel,
        stride=2,
        padding=(kernel - 1) // 2,
        output_padding=kernel % 2,
        bias=bias,
    )


def _down(inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.Module:
    """A convolution that halves height and width; without a bias where a norm follows."""
    return nn.Conv2d(inputs, outputs, kernel, stride=2, padding=(kernel - 1) // 2, bias=bias)


def _initialise(layer: nn.Module) -> None:
    """Weights and batch norm's gains with a standard deviation of 0.02, around 0 and 1."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def _refusal(image: ImageShape) -> str:
    """Which size cannot be made, and the two nearest, by ratio, that can."""

    def distance(size: int) -> float:
        return abs(log2(size / image.height)) + abs(log2(size / image.width))

    low, high = sorted(sorted(SIZES, key=distance)[:2])
    return (
        f"cannot make pictures of {image.size} pixels, only squares with a "
        f"side of {', '.join(map(str, SIZES))}: the nearest resolutions are {low} and {high}"
    )

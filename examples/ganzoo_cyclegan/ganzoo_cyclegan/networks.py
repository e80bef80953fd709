"""The networks: two generators, and the discriminators of both domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
)
from ganzoo_cyclegan.pairs import join, split

if TYPE_CHECKING:
    from ganzoo_cyclegan import NetworkOptions


def build(
    options: NetworkOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """G: X -> Y is the generator, F: Y -> X is called back; both have an EMA.

    Raises ValueError for pairs of images whose sides are no multiples of 4 pixels.
    """
    channels, height, width = image_shape
    if height % 8 or width % 4 or min(height // 2, width) < 8:
        raise ValueError(
            f"images of {image_shape.size} pixels cannot be halved twice as pairs: choose data."
            "resolution=WxH with W a multiple of 4, H a multiple of 8, such as 64x128"
        )
    return Networks(
        generator=PairGenerator(options, image_shape),
        discriminator=PairDiscriminator(options, image_shape),
        others={"back": translator(channels, options)},
        ema=["back"],
    )


class PairGenerator(Generator):
    """Latents are images x, and its images are pairs of x and G(x).

    For samples, it keeps some real images x; before the training these are noise.
    """

    sources: Tensor

    def __init__(self, options: NetworkOptions, image_shape: ImageShape) -> None:
        super().__init__()
        channels, height, width = image_shape
        self.translate = translator(channels, options)
        noise = torch.randint(256, (options.sources, channels, height // 2, width))
        self.register_buffer("sources", noise.to(torch.uint8))

    def store(self, x: Tensor, first: int) -> None:
        """Keep images as the sources from number ``first`` on, as many as there is room for."""
        place = self.sources[first : first + len(x)]
        place.copy_(((x[: len(place)] + 1) * 127.5).round().clamp(0, 255))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Images x that were kept, (n, C, H, W)."""
        chosen = torch.randint(len(self.sources), (n,), generator=random, device=random.device)
        return self.sources.to(random.device)[chosen] / 127.5 - 1

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Pairs (N, C, 2 H, W) of images x (N, C, H, W)."""
        return join(latents, self.translate(latents))


class PairDiscriminator(Discriminator):
    """Scores of patches of x by D_X, and of patches of y by D_Y."""

    def __init__(self, options: NetworkOptions, image_shape: ImageShape) -> None:
        super().__init__()
        channels, height, width = image_shape
        smallest = min(height // 2, width)
        halvings = 3 if smallest >= 32 else 2 if smallest >= 16 else 1
        self.of_x, self.of_y = (
            patch_discriminator(channels, options.base_channels, halvings) for _ in range(2)
        )

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of pairs (N, C, 2 H, W): (N, 2 K), those of x first."""
        x, y = split(images)
        return torch.cat([self.of_x(x).flatten(1), self.of_y(y).flatten(1)], dim=1)


def translator(channels: int, options: NetworkOptions) -> nn.Sequential:
    """A generator of the paper's appendix: c7s1-w, d2w, d4w, blocks of R4w, u2w, uw, c7s1-C.

    The u layers have kernels of 4 x 4 instead of 3 x 3, so that all pixels get as many inputs.
    """
    w = options.base_channels
    return nn.Sequential(
        *_layer(nn.Conv2d(channels, w, 7, padding=3, padding_mode="reflect", bias=False)),
        *_layer(nn.Conv2d(w, 2 * w, 3, stride=2, padding=1, bias=False)),
        *_layer(nn.Conv2d(2 * w, 4 * w, 3, stride=2, padding=1, bias=False)),
        *(Residual(4 * w) for _ in range(options.blocks)),
        *_layer(nn.ConvTranspose2d(4 * w, 2 * w, 4, stride=2, padding=1, bias=False)),
        *_layer(nn.ConvTranspose2d(2 * w, w, 4, stride=2, padding=1, bias=False)),
        nn.Conv2d(w, channels, 7, padding=3, padding_mode="reflect"),
        nn.Tanh(),
    )


class Residual(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, second = (
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect", bias=False)
            for _ in range(2)
        )
        self.layers = nn.Sequential(*_layer(first), second, nn.InstanceNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        y: Tensor = self.layers(x)
        return x + y


def patch_discriminator(channels: int, width: int, halvings: int) -> nn.Sequential:
    """Scores of overlapping patches, of 70 x 70 pixels with three halvings (Isola et al. 2016)."""
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for number in range(halvings):
        stride = 1 if number == halvings - 1 else 2
        wider = nn.Conv2d(width, 2 * width, 4, stride, 1, bias=False)
        layers += [wider, nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


def _layer(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    """A convolution with instance normalization and a ReLU."""
    return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.ReLU()]

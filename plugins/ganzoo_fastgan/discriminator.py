"""The discriminator of FastGAN (Liu et al. 2021), which also reconstructs images."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import (
    Condition,
    ConditionEmbedding,
    Discriminator,
    ImageShape,
    SkipLayerExcitation,
    SpectralConv,
    norm_layer,
)
from ganzoo_fastgan.decoder import Decoder

if TYPE_CHECKING:
    from ganzoo_fastgan import FastganOptions

_SKIPPED = 3
"""Halvings from the large maps of a skip-layer excitation to the small ones."""
_MOST = 4
"""Halvings of the smaller images, and of reconstructions: they have up to 8 x 2^4 pixels."""


class FastganDiscriminator(Discriminator):
    """Scores patches of the image and of a smaller copy of it.

    The smaller copy has half the size, but at most 128 to 240 pixels. For images of 512 pixels and
    more, the paper has strided convolutions in place of the first residual blocks.

    With a condition y, the scores of the image are h(x) + e(y)^T phi(x) / sqrt(C), with the mean
    features phi(x) of length C and an embedding e (Miyato & Koyama 2018).
    """

    def __init__(
        self,
        options: FastganOptions,
        image_shape: ImageShape,
        condition: Condition | None,
        norm: str,
    ) -> None:
        super().__init__()
        shapes = image_shape.halved_shapes(smallest=8, largest=15)
        base, channels, halvings = options.base_channels, image_shape.channels, len(shapes) - 1
        widths = [max(1, int(base * 8 / 2**level)) for level in range(halvings + 1)]
        self.stem = _activated(channels, widths[-1], 3, "none")
        self.blocks = nn.ModuleList(
            Downsampling(widths[level + 1], widths[level], norm)
            for level in reversed(range(halvings))
        )
        self.skips = _skips(widths, image_shape)
        self.score = nn.Sequential(
            _activated(widths[0], 2 * widths[0], 1, norm), SpectralConv(2 * widths[0], 1, 4)
        )
        self.embed = ConditionEmbedding(condition, widths[0]) if condition else None
        small = min(halvings - 1, _MOST)
        self.reduction = 2 ** (halvings - small)
        narrow = [max(1, int(base * 4 / 2**level)) for level in range(small + 1)]
        self.small = _small_layers(channels, narrow, norm)
        self.small_score = SpectralConv(narrow[0], 1, 4)
        self.decoders = nn.ModuleDict(
            {
                "image": Decoder(widths[0], channels, base, min(halvings, _MOST), norm),
                "small": Decoder(narrow[0], channels, base, small, norm),
                "part": Decoder(widths[1], channels, base, small, norm),
            }
        )

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N, K) for images of shape (N, C, H, W)."""
        x, _ = self._features(images)
        scores = self.score(x).flatten(1)
        if self.embed is not None:
            phi = x.mean((2, 3))
            projection: Tensor = (self.embed(condition) * phi).sum(dim=1, keepdim=True)
            scores = scores + projection / sqrt(phi.shape[1])
        small = self.small(avg_pool2d(images, self.reduction))
        return torch.cat((scores, self.small_score(small).flatten(1)), dim=1)

    def reconstruct(self, images: Tensor, number: int) -> Sequence[tuple[Tensor, Tensor]]:
        """Reconstructions of images, of a smaller copy and of a quadrant, and what they show.

        The quadrant is another one for each ``number``, in turn; in the paper it is random.
        """
        last, before = self._features(images)
        small = avg_pool2d(images, self.reduction)
        lower, right = divmod(number % 4, 2)
        made = (
            (self.decoders["image"](last), images),
            (self.decoders["small"](self.small(small)), small),
            (
                self.decoders["part"](_quadrant(before, lower, right)),
                _quadrant(images, lower, right),
            ),
        )
        return [(y, avg_pool2d(x, x.shape[2] // y.shape[2])) for y, x in made]

    def _features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The smallest maps, and those of twice their size."""
        maps: list[Tensor] = [self.stem(images)]
        for place, block in enumerate(self.blocks):
            x, level = block(maps[-1]), str(len(self.blocks) - 1 - place)
            if level in self.skips:
                x = self.skips[level](maps[place + 1 - _SKIPPED], x)
            maps.append(x)
        return maps[-1], maps[-2]


class Downsampling(nn.Module):
    """Halves height and width: the mean of two convolutions and of a pooled shortcut."""

    def __init__(self, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.main = nn.Sequential(
            _activated(inputs, outputs, 4, norm), _activated(outputs, outputs, 3, norm)
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), _activated(inputs, outputs, 1, norm))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        mean: Tensor = (self.main(x) + self.shortcut(x)) / 2
        return mean


def _activated(inputs: int, outputs: int, kernel: int, norm: str) -> nn.Sequential:
    """A convolution, which halves height and width if its kernel is 4; norm and activation."""
    stride = 2 if kernel == 4 else 1
    conv = SpectralConv(inputs, outputs, kernel, stride=stride, padding=(kernel - 1) // 2)
    return nn.Sequential(conv, norm_layer(norm, outputs), nn.LeakyReLU(0.2))


def _skips(widths: Sequence[int], image_shape: ImageShape) -> nn.ModuleDict:
    """The skip-layer excitations of the three smallest maps, by how often these can be doubled."""
    last = image_shape.halved_shapes(smallest=8)[0]
    pooled = image_shape.halved_shapes()[0]
    skips = nn.ModuleDict()
    for level, (small, large) in enumerate(zip(widths, widths[_SKIPPED:], strict=False)):
        if level < 3:
            pool = 2 ** (level + _SKIPPED) * last.height // pooled.height
            skips[str(level)] = SkipLayerExcitation(large, small, pooled, pool)
    return skips


def _small_layers(channels: int, widths: Sequence[int], norm: str) -> nn.Sequential:
    """The layers for smaller images, down to the smallest maps."""
    if len(widths) == 1:  # they have the size of the smallest maps already
        return _activated(channels, widths[0], 3, "none")
    first = _activated(channels, widths[-2], 4, "none")
    levels = reversed(range(len(widths) - 2))
    return nn.Sequential(first, *(_activated(widths[k + 1], widths[k], 4, norm) for k in levels))


def _quadrant(x: Tensor, lower: int, right: int) -> Tensor:
    """A quadrant of images or maps (N, C, H, W)."""
    height, width = x.shape[2] // 2, x.shape[3] // 2
    return x[:, :, lower * height :, right * width :][:, :, :height, :width]

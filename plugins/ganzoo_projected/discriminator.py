"""The discriminator: critics of frozen, randomly mixed features (Sauer et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import (
    Condition,
    ConditionEmbedding,
    Discriminator,
    ImageShape,
    SpectralConv,
    norm_layer,
)
from ganzoo_projected.efficientnet import (
    CHANNELS,
    draw_uniform,
    random_network,
    trained_network,
)

if TYPE_CHECKING:
    from ganzoo_projected import ProjectedOptions

_SEED = 0
"""Seed of the fixed random weights: the same in every run."""
_EMBEDDING = 64
"""Length of the embedding of a condition."""
_WIDTHS = (1, 1, 2, 4, 8)
"""Channels of the critics' maps, by how often these were halved, relative to mixing_channels."""


class Mixing(nn.Module):
    """Fixed random convolutions that mix the features of all channels and scales (section 3.2).

    Each map is twice as large as the features that it starts from. The paper enlarges before each
    1 x 1 convolution, which computes the same as after it.
    """

    def __init__(self, groups: int, channels: int, random: torch.Generator) -> None:
        super().__init__()
        widths = [channels * factor for factor in (1, 2, 4, 8)]
        outputs = [channels, channels, 2 * channels, 4 * channels]
        self.across_channels = nn.ModuleList(
            nn.Conv2d(groups * features, width, 1)
            for features, width in zip(CHANNELS, widths, strict=True)
        )
        self.across_scales = nn.ModuleList(
            nn.Conv2d(width, output, 1) for width, output in zip(widths, outputs, strict=True)
        )
        for conv in (*self.across_channels, *self.across_scales):
            bound = 1 / sqrt(conv.weight[0].numel())
            draw_uniform(conv.weight, bound, random)
            draw_uniform(conv.bias, bound, random)
        self.widths = outputs
        self.requires_grad_(False)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Four maps, the largest first, from four maps of features."""
        maps: list[Tensor] = []
        layers = zip(features, self.across_channels, self.across_scales, strict=True)
        for feature, across_channels, across_scales in reversed(list(layers)):
            x = across_channels(feature)
            x = across_scales(x + maps[0] if maps else x)
            maps.insert(0, interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))
        return maps


class Critic(nn.Module):
    """Halves maps 4 - level times, the ones of ``level`` 0 to 3, then scores each 4 x 4 patch.

    For features of less than 128 pixels, the maps are smaller than 4 x 4: the patch is as large as
    their shorter ``side``. So each critic has the paper's layers, and none of them is linear.
    """

    def __init__(
        self, inputs: int, level: int, side: int, outputs: int, options: ProjectedOptions, norm: str
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for factor in _WIDTHS[level + 1 :]:
            width, side = factor * options.mixing_channels, side // 2
            conv = SpectralConv(inputs, width, 4, stride=2, padding=1, bias=True)
            layers += [conv, norm_layer(norm, width), nn.LeakyReLU(0.2)]
            inputs = width
        self.layers = nn.Sequential(*layers, SpectralConv(inputs, outputs, min(4, side)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, K), K scores of patches."""
        scores: Tensor = self.layers(x).flatten(2)
        return scores


class ProjectedDiscriminator(Discriminator):
    """Scores of the patches of four maps of frozen features.

    Images are resized so that the shorter side has ``feature_resolution`` pixels, and the other
    one a multiple of 32. One channel is repeated. More than three are split into groups of three,
    the last one repeated to fill the last group, and the features of all groups are mixed. With a
    condition y, a score is e(y)^T h(x) / sqrt(64) with an embedding e.
    """

    frozen_parameters = ("features", "mixing")

    def __init__(
        self,
        options: ProjectedOptions,
        image_shape: ImageShape,
        condition: Condition | None,
        norm: str,
    ) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(_SEED)
        mixing_random = torch.Generator().manual_seed(_SEED + 1)
        self.features = (
            random_network(random) if options.features == "random" else trained_network()
        )
        self.missing = -image_shape.channels % 3
        groups = (image_shape.channels + self.missing) // 3
        self.mixing = Mixing(groups, options.mixing_channels, mixing_random)
        self.size = _feature_size(options.feature_resolution, image_shape)
        self.embed = ConditionEmbedding(condition, _EMBEDDING) if condition else None
        outputs = _EMBEDDING if condition else 1
        self.critics = nn.ModuleList(
            Critic(width, level, min(self.size) >> level + 1, outputs, options, norm)
            for level, width in enumerate(self.mixing.widths)
        )

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N, K) for images of shape (N, C, H, W)."""
        maps = self.mixing(self._features(images))
        scores = torch.cat([critic(x) for critic, x in zip(self.critics, maps, strict=True)], dim=2)
        if self.embed is None:
            return scores.squeeze(1)
        embedding: Tensor = self.embed(condition)[:, :, None]
        return (scores * embedding).sum(dim=1) / sqrt(_EMBEDDING)

    def _features(self, images: Tensor) -> list[Tensor]:
        """The features of all groups of channels, concatenated."""
        n = len(images)
        resized = interpolate(images, self.size, mode="bilinear", align_corners=False)
        filled = torch.cat([resized, resized[:, -1:].expand(-1, self.missing, -1, -1)], dim=1)
        groups = filled.reshape(-1, 3, *self.size)
        # Convolutions of single channels are several times as fast in this memory format.
        maps = self.features(groups.contiguous(memory_format=torch.channels_last))
        return [x.reshape(n, -1, *x.shape[2:]) for x in maps] if len(groups) > n else maps


def _feature_size(side: int, image_shape: ImageShape) -> tuple[int, int]:
    """Height and width of the resized images."""
    shorter = min(image_shape.height, image_shape.width)
    height, width = (
        32 * max(1, round(length * side / shorter / 32))
        for length in (image_shape.height, image_shape.width)
    )
    return height, width

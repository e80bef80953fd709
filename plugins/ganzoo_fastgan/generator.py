"""The generator of FastGAN (Liu et al. 2021)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    Generator,
    ImageShape,
    SkipLayerExcitation,
    SpectralConv,
    SpectralProjection,
)
from ganzoo_fastgan.layers import Noise, gated

if TYPE_CHECKING:
    from ganzoo_fastgan import FastganOptions

_WIDTHS = (16, 8, 4, 2, 2, 1, 1 / 2, 1 / 4, 1 / 8)
"""The channels of the stages, relative to ``base_channels``."""
_SKIPPED = 4
"""Stages from the small maps of a skip-layer excitation to the large ones: 16 times the size."""


class FastganGenerator(Generator):
    """Projects latents to the smallest maps, then doubles these, one block per stage.

    Every second block, from the first, has two convolutions with noise. A learned embedding of the
    condition is concatenated to the latents.
    """

    def __init__(
        self, options: FastganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        stages = image_shape.halved_shapes(largest=15)
        first = stages[0]
        widths = [max(1, int(options.base_channels * width)) for width in _WIDTHS]
        widths = [widths[min(stage, len(widths) - 1)] for stage in range(len(stages))]
        self.latent_dim = options.latent_dim
        self.conditioned = ConditionedLatents(self.latent_dim, condition)
        inputs = self.conditioned.width
        self.project = gated(SpectralProjection(inputs, 2 * widths[0], first), widths[0])
        self.blocks = nn.ModuleList(
            _block(wide, narrow, shape, number)
            for number, ((wide, narrow), shape) in enumerate(
                zip(pairwise(widths), stages[1:], strict=True)
            )
        )
        # The paper has none for maps of 1024 pixels and more.
        pairs = list(zip(widths, widths[_SKIPPED:], strict=False))[:_SKIPPED]
        self.skips = nn.ModuleList(
            SkipLayerExcitation(small, large, first, 2**stage)
            for stage, (small, large) in enumerate(pairs)
        )
        self.to_image = SpectralConv(widths[-1], image_shape.channels, 3, padding=1)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latent_dim)."""
        maps: list[Tensor] = [self.project(self.conditioned(latents, condition))]
        for stage, block in enumerate(self.blocks, 1):
            x = block(maps[-1])
            skip = stage - _SKIPPED
            if 0 <= skip < len(self.skips):
                x = self.skips[skip](maps[skip], x)
            maps.append(x)
        return torch.tanh(self.to_image(maps[-1]).float())


def _block(inputs: int, outputs: int, shape: ImageShape, number: int) -> nn.Sequential:
    """Doubles height and width to ``shape``; two convolutions with noise, or one without."""
    first = SpectralConv(inputs, 2 * outputs, 3, padding=1)
    if number % 2:
        return nn.Sequential(nn.Upsample(scale_factor=2), gated(first, outputs))
    second = SpectralConv(outputs, 2 * outputs, 3, padding=1)
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        gated(first, outputs, "batch", Noise(shape, 2 * number)),
        gated(second, outputs, "batch", Noise(shape, 2 * number + 1)),
    )

"""The generator: that of FastGAN (Liu et al. 2021) without noise."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import glu

from ganzoo import (
    Condition,
    ConditionedLatents,
    Generator,
    ImageShape,
    SkipLayerExcitation,
    SpectralConv,
    SpectralProjection,
)

if TYPE_CHECKING:
    from ganzoo_projected import ProjectedOptions

_WIDTHS = (16, 8, 4, 2, 2, 1, 1 / 2, 1 / 4, 1 / 8)
"""The channels of the stages, relative to ``base_channels``."""
_SKIPPED = 4
"""Stages from the small maps of a skip-layer excitation to the large ones."""


class ProjectedGenerator(Generator):
    """Projects latents to the smallest maps, then doubles these, one block per stage.

    Latents are divided by the root of their mean square. A learned embedding of the condition is
    concatenated to them, where the authors' code has conditional batch norm.
    """

    def __init__(
        self, options: ProjectedOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        stages = image_shape.halved_shapes(largest=15)
        first = stages[0]
        widths = [max(1, int(options.base_channels * width)) for width in _WIDTHS]
        widths = [widths[min(stage, len(widths) - 1)] for stage in range(len(stages))]
        self.latent_dim = options.latent_dim
        self.conditioned = ConditionedLatents(self.latent_dim, condition)
        inputs = self.conditioned.width
        self.project = Gated(SpectralProjection(inputs, 2 * widths[0], first), widths[0])
        self.blocks = nn.ModuleList(
            Upsampling(wide, narrow, options.convolutions) for wide, narrow in pairwise(widths)
        )
        # The paper has none for maps of 1024 pixels and more.
        pairs = list(zip(widths, widths[_SKIPPED:], strict=False))[:_SKIPPED]
        self.skips = nn.ModuleList(
            SkipLayerExcitation(small, large, first, 2**stage)
            for stage, (small, large) in enumerate(pairs)
        )
        self.to_image = SpectralConv(widths[-1], image_shape.channels, 3, padding=1, bias=True)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W), unbounded, from latents of shape (N, latent_dim)."""
        latents = latents * latents.square().mean(dim=1, keepdim=True).add(1e-8).rsqrt()
        maps: list[Tensor] = [self.project(self.conditioned(latents, condition))]
        for stage, block in enumerate(self.blocks, 1):
            x = block(maps[-1])
            skip = stage - _SKIPPED
            if 0 <= skip < len(self.skips):
                x = self.skips[skip](maps[skip], x)
            maps.append(x)
        images: Tensor = self.to_image(maps[-1])
        return images


class Gated(nn.Module):
    """A convolution or projection to twice the channels, batch norm, then a gated linear unit."""

    def __init__(self, layer: nn.Module, outputs: int) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.BatchNorm2d(2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        """GLU(norm(layer(x))), (N, outputs, H, W)."""
        return glu(self.norm(self.layer(x)), dim=1)


class Upsampling(nn.Sequential):
    """Doubles height and width by repeating pixels, then one or two gated convolutions."""

    def __init__(self, inputs: int, outputs: int, convolutions: int) -> None:
        layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
        for number in range(convolutions):
            conv = SpectralConv(outputs if number else inputs, 2 * outputs, 3, padding=1)
            layers.append(Gated(conv, outputs))
        super().__init__(*layers)

"""The residual discriminator of Karras et al. 2020."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionEmbedding,
    Discriminator,
    EqualizedConv,
    EqualizedLinear,
    ImageShape,
    MinibatchStddev,
)
from ganzoo_stylegan2.layers import DownsamplingConv, activate

if TYPE_CHECKING:
    from ganzoo_stylegan2 import StyleGan2Options


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, of which the second halves height and width, and a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualizedConv(inputs, inputs, 3, padding=1)
        self.second = DownsamplingConv(inputs, outputs, 3)
        self.shortcut = DownsamplingConv(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        maps = activate(self.second(activate(self.first(x))))
        shortcut: Tensor = self.shortcut(x)
        return (maps + shortcut) * sqrt(0.5)


class StyleGan2Discriminator(Discriminator):
    """Residual blocks down to the smallest feature maps, then two dense layers.

    With a condition y, the score is psi(phi(x)) + y^T V phi(x) / sqrt(D) (Miyato & Koyama 2018,
    equation 3), where phi(x) has D features.
    """

    def __init__(
        self,
        options: StyleGan2Options,
        stages: list[ImageShape],
        widths: list[int],
        condition: Condition | None,
    ) -> None:
        super().__init__()
        first, width, group = stages[0], widths[0], options.mbstd_group_size
        self.from_rgb = EqualizedConv(first.channels, widths[-1], 1)
        self.blocks = nn.Sequential(*(ResidualBlock(*pair) for pair in pairwise(widths[::-1])))
        self.mbstd = MinibatchStddev(group) if group > 1 else nn.Identity()
        self.conv = EqualizedConv(width + (group > 1), width, 3, padding=1)
        self.dense = EqualizedLinear(width * first.height * first.width, width)
        self.score = EqualizedLinear(width, 1)
        self.embed = ConditionEmbedding(condition, width) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        maps = self.blocks(activate(self.from_rgb(images)))
        maps = activate(self.conv(self.mbstd(maps)))
        features = activate(self.dense(maps.flatten(1)))
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            projected = (self.embed(condition) * features).sum(dim=1)
            scores = scores + projected / sqrt(features.shape[1])
        return scores

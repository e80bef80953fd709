"""The residual discriminator of Karras et al. 2020."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

from ganzoo import (
    Condition,
    ConditionEmbedding,
    Discriminator,
    EqualizedConv,
    EqualizedLinear,
    ImageShape,
    MinibatchStddev,
)
from ganzoo_stylegan2.layers import GAIN, Filter, activate

if TYPE_CHECKING:
    from ganzoo_stylegan2 import StyleGan2Options


class ActivatedConv(EqualizedConv):
    """``gain`` times leaky ReLU of an equalized convolution.

    With ``down``, it halves height and width: a filter, then a stride of 2.
    """

    bias: nn.Parameter

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, down: bool = False, gain: float = GAIN
    ) -> None:
        stride, padding = (2, 0) if down else (1, kernel // 2)
        super().__init__(inputs, outputs, kernel, stride=stride, padding=padding, gain=gain)
        self.gain = gain
        self.filter = Filter() if down else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or (N, outputs, H / 2, W / 2)."""
        if self.filter is not None:
            x = self.filter(x, padding=2)
        # gain leaky_relu(x) = leaky_relu(gain x), and weights are smaller than feature maps.
        weight, bias = self.weight * self.scale, self.bias * self.gain
        return leaky_relu(conv2d(x, weight, bias, self.stride, self.padding), 0.2)


class Shortcut(EqualizedConv):
    """``gain`` times an equalized 1 x 1 convolution of every second filtered row and column."""

    def __init__(self, inputs: int, outputs: int, gain: float) -> None:
        super().__init__(inputs, outputs, 1, gain=gain, bias=False)
        self.filter = Filter()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        return super().forward(self.filter(x, padding=1, stride=2))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, of which the second halves height and width, and a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = ActivatedConv(inputs, inputs, 3)
        # The sum is divided by sqrt(2), which cancels the factor of leaky ReLU.
        self.second = ActivatedConv(inputs, outputs, 3, down=True, gain=1.0)
        self.shortcut = Shortcut(inputs, outputs, gain=sqrt(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        maps: Tensor = self.second(self.first(x)) + self.shortcut(x)
        return maps


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
        self.from_rgb = ActivatedConv(first.channels, widths[-1], 1)
        self.blocks = nn.Sequential(*(ResidualBlock(*pair) for pair in pairwise(widths[::-1])))
        self.mbstd = MinibatchStddev(group) if group > 1 else nn.Identity()
        self.conv = ActivatedConv(width + (group > 1), width, 3)
        self.dense = EqualizedLinear(width * first.height * first.width, width)
        self.score = EqualizedLinear(width, 1)
        self.embed = ConditionEmbedding(condition, width) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        maps = self.conv(self.mbstd(self.blocks(self.from_rgb(images))))
        features = activate(self.dense(maps.flatten(1)))
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            projected = (self.embed(condition) * features).sum(dim=1)
            scores = scores + projected / sqrt(features.shape[1])
        return scores

"""The residual blocks of Miyato et al. 2018, appendix.

A 1 x 1 convolution before mean pooling or nearest upsampling gives the same as one after it. So a
shortcut has its convolution where the feature maps are smaller.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ganzoo import Condition
from ganzoo_resnet.layers import ConditionalBatchNorm, SelfAttention, conv, residual_conv


class GeneratorBlock(nn.Module):
    """Doubles height and width; batch norm is conditional if there is a condition."""

    def __init__(
        self, inputs: int, outputs: int, condition: Condition | None, *, attends: bool
    ) -> None:
        super().__init__()
        self.norm1 = ConditionalBatchNorm(inputs, condition)
        self.conv1 = residual_conv(inputs, outputs)
        self.norm2 = ConditionalBatchNorm(outputs, condition)
        self.conv2 = residual_conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1)
        self.attention = SelfAttention(outputs) if attends else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        residual = relu(self.norm1(x, condition))
        residual = self.conv1(_upsample(residual))
        residual = self.conv2(relu(self.norm2(residual, condition)))
        summed: Tensor = self.attention(residual + _upsample(self.shortcut(x)))
        return summed


class DiscriminatorBlock(nn.Module):
    """Halves height and width if ``halves``.

    The first block of a discriminator has no activation before its first convolution, and its
    hidden layer has ``outputs`` channels; that of the other blocks has ``inputs``.
    """

    def __init__(
        self, inputs: int, outputs: int, *, halves: bool, attends: bool, first: bool = False
    ) -> None:
        super().__init__()
        hidden = outputs if first else inputs
        self.conv1 = residual_conv(inputs, hidden)
        self.conv2 = residual_conv(hidden, outputs)
        is_same = inputs == outputs and not halves
        self.shortcut = nn.Identity() if is_same else conv(inputs, outputs, 1)
        self.attention = SelfAttention(outputs) if attends else nn.Identity()
        self.halves = halves
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or to half of H and W."""
        residual = self.conv1(x if self.first else relu(x))
        residual = self.conv2(relu(residual))
        summed: Tensor = self.attention(self._pool(residual) + self.shortcut(self._pool(x)))
        return summed

    def _pool(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, 2) if self.halves else x


def _upsample(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="nearest")

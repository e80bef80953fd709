"""The layers of Huang et al. 2024: residual blocks, and resampling by a fixed filter."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, pad

SLOPE = 0.2
"""The slope of leaky ReLU for negative inputs."""
_GAIN = sqrt(2 / (1 + SLOPE**2))
"""The gain of a layer before a leaky ReLU (He et al. 2015, arXiv 1502.01852)."""


def conv(
    inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1, gain: float = 1.0
) -> nn.Conv2d:
    """A convolution without bias that keeps the size; weights from N(0, gain^2 / fan-in)."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    initialize(layer.weight, gain)
    return layer


def initialize(weight: Tensor, gain: float = 1.0) -> None:
    """Draw weights (outputs, inputs, ...) from N(0, gain^2 / fan-in); 0 with a gain of 0."""
    nn.init.normal_(weight, 0.0, gain / sqrt(weight[0].numel()))


class BiasedLeakyReLU(nn.Module):
    """Adds a bias to each channel of (N, C, H, W), then applies leaky ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return leaky_relu(x + self.bias.to(x.dtype)[:, None, None], SLOPE)


class ResidualBlock(nn.Module):
    """x + f(x): a 1 x 1 convolution, a grouped 3 x 3 convolution and a 1 x 1 convolution.

    The initialization is that of Zhang et al. 2019 (Fixup, arXiv 1901.09321): with L residual
    blocks of m = 3 convolutions in the network, the weights of the first m - 1 are scaled by
    L^(-1 / (2m - 2)), and the last are 0. So the block is the identity at first.
    """

    def __init__(self, channels: int, inner: int, groups: int, blocks_of_network: int) -> None:
        super().__init__()
        gain = _GAIN * blocks_of_network ** (-1 / (2 * 3 - 2))
        self.layers = nn.Sequential(
            conv(channels, inner, gain=gain),
            BiasedLeakyReLU(inner),
            conv(inner, inner, 3, groups=groups, gain=gain),
            BiasedLeakyReLU(inner),
            conv(inner, channels, gain=0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to the same shape."""
        residual: Tensor = self.layers(x)
        return x + residual


class Upsampling(nn.Module):
    """A 1 x 1 convolution if the number of channels changes, then bilinear upsampling by 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        return interpolate(self.conv(x), scale_factor=2, mode="bilinear", align_corners=False)


class Downsampling(nn.Module):
    """Downsampling by 2, then a 1 x 1 convolution if the number of channels changes.

    The filter along each side is [1, 3, 3, 1] / 8, the same as that of bilinear upsampling. At the
    border, both repeat the last row or column.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, 2 H, 2 W) to (N, outputs, H, W)."""
        # [1, 3, 3, 1] is [1, 2, 1] * [1, 1], and [1, 2, 1] is [1, 1] * [1, 1].
        x = pad(x, (1, 1, 1, 1), mode="replicate")
        x = avg_pool2d(avg_pool2d(avg_pool2d(x, 2, 1), 2, 1), 2)
        halved: Tensor = self.conv(x)
        return halved

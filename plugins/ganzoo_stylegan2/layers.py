"""The layers that both networks of Karras et al. 2020 use: equalized weights, filters, activation.

Statistics and filters are computed in float32 at least, also under autocast.
"""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear

EPSILON = 1e-8


class EqualizedLinear(nn.Module):
    """A dense layer whose weights are stored as N(0, 1) / lr_multiplier and scaled when used.

    The scale is ``lr_multiplier / sqrt(fan-in)`` (Karras et al. 2017, arXiv 1710.10196, section
    4.1; the multiplier: Karras et al. 2019, arXiv 1812.04948, appendix C).
    """

    def __init__(
        self, inputs: int, outputs: int, *, bias: float = 0.0, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr_multiplier))
        self.scale = lr_multiplier / sqrt(inputs)
        self.lr_multiplier = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        return linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class EqualizedConv(nn.Module):
    """A convolution with equalized weights that keeps the size of its input, or halves it.

    With ``down`` it filters first, then has a stride of 2.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, down: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        shape = (outputs, inputs, kernel, kernel)
        self.weight = nn.Parameter(torch.randn(shape))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = 1 / sqrt(prod(shape[1:]))
        self.padding = kernel // 2
        self.filter = Filter() if down else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W), or (N, outputs, H / 2, W / 2)."""
        weight = self.weight * self.scale
        if self.filter is None:
            return conv2d(x, weight, self.bias, padding=self.padding)
        if self.padding == 0:  # a filter at the pixels that a 1 x 1 convolution does not skip
            return conv2d(self.filter(x, padding=1, stride=2), weight, self.bias)
        return conv2d(self.filter(x, padding=2), weight, self.bias, stride=2)


class Filter(nn.Module):
    """The low-pass filter [1, 3, 3, 1] / 8 in both directions (Karras et al. 2020, appendix B)."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", row.outer(row), persistent=False)

    def forward(self, x: Tensor, *, padding: int, stride: int = 1, gain: float = 1.0) -> Tensor:
        """Each channel of (N, C, H, W) filtered, with zeros around it."""
        with torch.autocast(x.device.type, enabled=False):
            return conv2d(
                *(x, self._weight(x, gain)), padding=padding, stride=stride, groups=x.shape[1]
            )

    def upsample(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, 2 H, 2 W): zeros between the pixels, then the filter."""
        with torch.autocast(x.device.type, enabled=False):
            return conv_transpose2d(
                *(x, self._weight(x, 4.0)), stride=2, padding=1, groups=x.shape[1]
            )

    def _weight(self, x: Tensor, gain: float) -> Tensor:
        return (self.kernel * gain).to(x.dtype).expand(x.shape[1], 1, 4, 4)


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU times sqrt(2), which keeps the mean square of normal numbers near 1."""
    return leaky_relu(x, 0.2) * sqrt(2)


def normalize(x: Tensor) -> Tensor:
    """Returns x / sqrt(mean(x^2) + epsilon), the mean over the last axis."""
    a = at_least_float32(x)
    return a * torch.rsqrt(a.square().mean(dim=-1, keepdim=True) + EPSILON)


def at_least_float32(x: Tensor) -> Tensor:
    """The same numbers, as float32 if they had a lower precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))

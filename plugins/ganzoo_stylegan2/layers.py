"""Layers of both networks of Karras et al. 2020: filters and activation.

Statistics and filters are computed in float32 at least, also under autocast.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

EPSILON = 1e-8
GAIN = sqrt(2)
"""The factor of leaky ReLU, which keeps the mean square of normal numbers near 1."""


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
    """Leaky ReLU times its gain."""
    return leaky_relu(x, 0.2) * GAIN


def normalize(x: Tensor) -> Tensor:
    """Returns x / sqrt(mean(x^2) + epsilon), the mean over the last axis."""
    a = at_least_float32(x)
    return a * torch.rsqrt(a.square().mean(dim=-1, keepdim=True) + EPSILON)


def at_least_float32(x: Tensor) -> Tensor:
    """The same numbers, as float32 if they had a lower precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))

"""The building blocks of Karras et al. 2017: equalized layers and two kinds of normalization.

Statistics are taken in float32 even where autocast computes in less.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

EPSILON = 1e-8


class EqualizedLinear(nn.Linear):
    """A dense layer whose weights are stored as N(0, 1) and scaled when used (section 4.1).

    The scale, ``gain / sqrt(fan-in)``, is that of He et al. 2015. Adam moves each stored weight
    equally far, so that all layers learn at one speed whatever their size.
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = sqrt(2)) -> None:
        super().__init__(inputs, outputs)
        self.scale = gain / sqrt(inputs)

    def reset_parameters(self) -> None:
        """Draw new weights; biases are zero."""
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """As a dense layer: (N, inputs) to (N, outputs)."""
        return linear(x, self.weight * self.scale, self.bias)


class EqualizedProjection(EqualizedLinear):
    """Feature maps from latents: the paper's first convolution, of as many pixels as its result.

    Its fan-in counts each latent once for each pixel of the filter.
    """

    def __init__(self, latent_dim: int, width: int, side: int) -> None:
        super().__init__(latent_dim, width * side * side, gain=sqrt(2) / side)
        self.shape = (width, side, side)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, latent_dim) to (N, width, side, side), with one bias for each feature map."""
        maps: Tensor = linear(x, self.weight * self.scale).unflatten(1, self.shape)
        return maps + self.bias[:, None, None]


class EqualizedConv(nn.Conv2d):
    """A convolution with equalized weights, see :class:`EqualizedLinear`."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, padding: int = 0, gain: float = sqrt(2)
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding=padding)
        self.scale = gain / sqrt(inputs * kernel * kernel)

    def reset_parameters(self) -> None:
        """Draw new weights; biases are zero."""
        nn.init.normal_(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """As a convolution: (N, inputs, H, W) to (N, outputs, H', W')."""
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """Feature vectors of unit mean square, at each pixel by itself (section 4.2)."""

    def forward(self, x: Tensor) -> Tensor:
        """B = a / sqrt(mean(a^2) + epsilon) over the channels: (N, C, ...) as it was."""
        a = _precise(x)
        b = a * torch.rsqrt(a.square().mean(dim=1, keepdim=True) + EPSILON)
        return b.to(x.dtype)


class MinibatchStddev(nn.Module):
    """One more feature map, that tells how much the images of a group differ (section 3).

    A group is the largest part of the batch, up to ``group`` images, that divides it evenly. Of
    several processes each compares its own images.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + 1, H, W): deviations averaged over channels and positions."""
        n, _, height, width = x.shape
        group = next(size for size in range(self.group, 0, -1) if n % size == 0)
        groups = _precise(x).unflatten(0, (group, -1))  # (G, M, C, H, W)
        deviation = (groups.var(dim=0, correction=0) + EPSILON).sqrt().mean(dim=(1, 2, 3))
        extra = deviation.repeat(group).to(x.dtype).view(n, 1, 1, 1)
        return torch.cat((x, extra.expand(n, 1, height, width)), dim=1)


def _precise(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))

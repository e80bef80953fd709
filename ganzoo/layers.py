"""Layers that several architectures use."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

_EPSILON = 1e-8


class MinibatchStddev(nn.Module):
    """Concatenates a feature map: the standard deviation over a group of images.

    The group size is the largest divisor of the batch size up to ``group``. Each process computes
    it from its own images (Karras et al. 2017, arXiv 1710.10196, section 3). Networks with it have
    ``batch_dependent_scores``.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group
        """The largest number of images that are compared with each other."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + 1, H, W): the mean deviation over channels and pixels."""
        n, _, height, width = x.shape
        group = next(size for size in range(self.group, 0, -1) if n % size == 0)
        precise = x.to(torch.promote_types(x.dtype, torch.float32))
        groups = precise.unflatten(0, (group, -1))  # (G, M, C, H, W)
        deviation = (groups.var(dim=0, correction=0) + _EPSILON).sqrt().mean(dim=(1, 2, 3))
        extra = deviation.repeat(group).to(x.dtype).view(n, 1, 1, 1)
        return torch.cat((x, extra.expand(n, 1, height, width)), dim=1)


class SpectralConv(nn.Conv2d):
    """A convolution with spectral norm, which is computed in float32 (Miyato et al. 2018).

    Weights start as N(0, 0.02^2).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = False,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)
        nn.init.normal_(self.weight, std=0.02)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H', W')."""
        with torch.autocast(x.device.type, enabled=False):
            weight = self.weight
        maps: Tensor = self._conv_forward(x, weight, self.bias)
        return maps

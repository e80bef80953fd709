"""Layers of Karras et al. 2017: the generator's first layer, and pixel norm."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ganzoo import EqualizedLinear

EPSILON = 1e-8
GAIN = sqrt(2)
"""The gain of a layer before leaky ReLU (He et al. 2015)."""


class EqualizedProjection(EqualizedLinear):
    """The generator's first layer: latents as a 1 x 1 image, convolved to H x W.

    It is computed as a dense layer. The fan-in is that of the paper's convolution, ``latent_dim *
    height * width``.
    """

    def __init__(self, latent_dim: int, maps: int, height: int, width: int) -> None:
        pixels = height * width
        super().__init__(latent_dim, maps * pixels, gain=sqrt(2 / pixels))
        self.shape = (maps, height, width)
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        """(N, latent_dim) to (N, maps, height, width); one bias per feature map."""
        maps: Tensor = linear(x, self.weight * self.scale).unflatten(1, self.shape)
        return maps + self.bias[:, None, None]


class PixelNorm(nn.Module):
    """Normalizes the feature vector of each pixel to a mean square of 1 (section 4.2)."""

    def forward(self, x: Tensor) -> Tensor:
        """B = a / sqrt(mean(a^2) + epsilon), the mean over the C channels of (N, C, ...).

        It is computed in float32, also under autocast.
        """
        a = x.to(torch.promote_types(x.dtype, torch.float32))
        b = a * torch.rsqrt(a.square().mean(dim=1, keepdim=True) + EPSILON)
        return b.to(x.dtype)

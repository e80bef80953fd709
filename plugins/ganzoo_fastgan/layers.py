"""Gated units, and noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import ImageShape, layer_noise, norm_layer


class Noise(nn.Module):
    """Adds noise with a learned strength, which starts at 0, to all channels of a pixel.

    In training the noise is new for each image. In evaluation it is the same for all images and
    runs; ``number`` decides which.
    """

    fixed_noise: Tensor

    def __init__(self, shape: ImageShape, number: int) -> None:
        super().__init__()
        self.shape = (1, shape.height, shape.width)
        self.strength = nn.Parameter(torch.zeros(()))
        noise = torch.randn(1, *self.shape, generator=torch.Generator().manual_seed(number))
        self.register_buffer("fixed_noise", noise, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        if self.training:
            noise = layer_noise(len(x), *self.shape, device=x.device)
        else:
            noise = self.fixed_noise
        return x + (self.strength * noise).to(x.dtype)


def gated(layer: nn.Module, outputs: int, norm: str = "batch", *noise: nn.Module) -> nn.Sequential:
    """A layer to twice the channels, noise if given, the norm, then a gated linear unit."""
    return nn.Sequential(layer, *noise, norm_layer(norm, 2 * outputs), nn.GLU(dim=1))

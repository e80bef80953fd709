"""Layers of both networks: spectral norm, gated units with noise, skip-layer excitation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import ImageShape, SpectralConv, layer_noise, norm_layer


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


class Projection(nn.Module):
    """Latents (N, inputs) to maps (N, outputs, height, width)."""

    def __init__(self, inputs: int, outputs: int, shape: ImageShape) -> None:
        super().__init__()
        self.shape = (outputs, shape.height, shape.width)
        self.layer = SpectralConv(inputs, outputs * shape.height * shape.width, 1)

    def forward(self, latents: Tensor) -> Tensor:
        """The maps."""
        maps: Tensor = self.layer(latents[:, :, None, None]).view(-1, *self.shape)
        return maps


def gated(layer: nn.Module, outputs: int, norm: str = "batch", *noise: nn.Module) -> nn.Sequential:
    """A layer to twice the channels, noise if given, the norm, then a gated linear unit."""
    return nn.Sequential(layer, *noise, norm_layer(norm, 2 * outputs), nn.GLU(dim=1))


class SkipLayerExcitation(nn.Module):
    """Multiplies large maps by factors in (0, 1), computed from small ones (equation 1).

    The small maps are pooled to the size ``shape``, which is 4 x 4 in the paper.
    """

    def __init__(self, inputs: int, outputs: int, shape: ImageShape, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.layers = nn.Sequential(
            SpectralConv(inputs, outputs, (shape.height, shape.width)),
            nn.SiLU(),
            SpectralConv(outputs, outputs, 1),
            nn.Sigmoid(),
        )

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        """(N, inputs, H, W) and (N, outputs, H', W') to the latter's shape."""
        factors: Tensor = self.layers(avg_pool2d(small, self.pool))
        return large * factors

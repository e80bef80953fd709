"""The noise of a layer in evaluation: a function of the intermediate latent."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from ganzoo import ImageShape
from ganzoo_stylegan2.layers import at_least_float32

MAPS = 16
"""The noise maps that are mixed: the noise of two images has a correlation near 1 / sqrt(MAPS)."""

FREQUENCY = 4.0
"""The standard deviation of a_k w if the numbers in w have the mean square 1, in radians.

It is large, so that the images of all latents share no noise, also after truncation.
"""


class LatentNoise(nn.Module):
    """Noise of variance 1 that differs between images and depends on an image's latent w alone.

    It is a mixture of fixed noise maps n_k: the sum of c_k n_k / |c| with c_k = cos(a_k w + b_k)
    and random a_k and b_k, so it changes smoothly between latents. The maps are one map of normal
    noise, moved; ``number`` decides all random numbers. Karras et al. 2020 draw new noise instead,
    or use the same for all images.
    """

    map: Tensor
    slopes: Tensor
    offsets: Tensor

    def __init__(self, latent_dim: int, image_shape: ImageShape, number: int) -> None:
        super().__init__()
        self.shape = (1, image_shape.height, image_shape.width)
        random = torch.Generator().manual_seed(number)
        pixels = image_shape.height * image_shape.width
        slopes = torch.randn(MAPS, latent_dim, generator=random) * FREQUENCY / sqrt(latent_dim)
        offsets = torch.rand(MAPS, generator=random) * 2 * torch.pi
        self.register_buffer("map", torch.randn(pixels, generator=random), persistent=False)
        self.register_buffer("slopes", slopes, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, w: Tensor) -> Tensor:
        """(N, latent_dim) to (N, 1, H, W)."""
        with torch.autocast(w.device.type, enabled=False):
            w = at_least_float32(w)
            c = (w @ self.slopes.to(w.dtype).T + self.offsets.to(w.dtype)).cos()
            c = c / torch.linalg.vector_norm(c, dim=1, keepdim=True)
            pixel = torch.arange(len(self.map), device=w.device)
            start = torch.arange(MAPS, device=w.device)[:, None] * len(self.map) // MAPS
            moved = self.map[(pixel - start) % len(self.map)]
            noise: Tensor = (c @ moved.to(w.dtype)).unflatten(1, self.shape)
            return noise

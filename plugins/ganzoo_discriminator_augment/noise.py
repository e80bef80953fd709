"""Noise that is added to images."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ganzoo import ImageShape
from ganzoo_discriminator_augment import NoiseOptions


class Noise:
    """Adds normal noise to each image with a probability."""

    apply_to: Literal["all"] = "all"

    def __init__(self, options: NoiseOptions) -> None:
        self.options = options

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """The noise, (n, C, H, W)."""
        used = torch.rand(n, 1, 1, 1, generator=random, device=random.device)
        noise = torch.randn(n, *image_shape, generator=random, device=random.device)
        return noise * (self.options.std * (used < self.options.probability))

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The images with the noise added."""
        return images + parameters.to(images.dtype)

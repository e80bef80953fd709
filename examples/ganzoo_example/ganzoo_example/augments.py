"""Augmentation with Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import ApplyTo, ImageShape

if TYPE_CHECKING:
    from ganzoo_example import NoiseOptions


@dataclass(frozen=True)
class Noise:
    """Adds Gaussian noise, so that the distributions overlap (Sønderby et al. 2016)."""

    options: NoiseOptions
    apply_to: ApplyTo = "all"

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """A number for every pixel and channel of ``n`` images."""
        return torch.randn(n, *image_shape, generator=random, device=random.device)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The images with the noise on them."""
        return images + self.options.strength * parameters

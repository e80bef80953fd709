"""The augmentation by noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import ImageShape, Placement

if TYPE_CHECKING:
    from ganzoo_example import NoiseOptions


@dataclass(frozen=True)
class Noise:
    """Adds normal noise, so that real and generated pictures overlap (Sønderby et al. 2016)."""

    options: NoiseOptions
    placement: Placement = "both"

    def draw(self, n: int, image: ImageShape, random: torch.Generator) -> Tensor:
        """A number for every pixel and channel of ``n`` pictures."""
        return torch.randn(n, *image, generator=random, device=random.device)

    def apply(self, images: Tensor, drawn: Tensor) -> Tensor:
        """The pictures with the noise on them."""
        return images + self.options.strength * drawn

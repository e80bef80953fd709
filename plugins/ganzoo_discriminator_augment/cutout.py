"""A rectangle that is cut out of an image."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ganzoo import ImageShape
from ganzoo_discriminator_augment import CutoutOptions

HALF_CUTOUT = 0.25
"""Half of the sides of a rectangle in the papers, as a fraction of the width and height."""


class Cutout:
    """Cuts a rectangle out of each image with a probability; its pixels become 0, which is gray."""

    apply_to: Literal["all"] = "all"

    def __init__(self, options: CutoutOptions) -> None:
        self.options = options

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Center and half of the sides of each rectangle, as ``kept_pixels`` takes them."""
        u = torch.rand(n, 3, generator=random, device=random.device)
        half = 0.5 * self.options.size * (u[:, 2:] < self.options.probability)
        return torch.cat((u[:, :2], half), 1)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The images with 0 in the rectangles."""
        return images * kept_pixels(images, parameters)


def kept_pixels(images: Tensor, parameters: Tensor) -> Tensor:
    """0 in a rectangle of each image and 1 elsewhere, (N, 1, H, W) in the images' dtype.

    ``parameters`` (N, 3) are the rectangle's center, to the right and down, and half of its sides,
    as fractions of the width and height. It may extend beyond the image.
    """
    x, y, half = parameters.to(images.dtype).unbind(1)
    columns, rows = (_inside(images.shape[3], x, half), _inside(images.shape[2], y, half))
    return 1 - (rows[:, :, None] * columns[:, None, :])[:, None]


def _inside(length: int, center: Tensor, half: Tensor) -> Tensor:
    """1 for each of ``length`` pixels whose center is in the interval, otherwise 0; (N, length)."""
    pixels = (torch.arange(length, dtype=center.dtype, device=center.device) + 0.5) / length
    return ((pixels - center[:, None]).abs() < half[:, None]).to(center.dtype)

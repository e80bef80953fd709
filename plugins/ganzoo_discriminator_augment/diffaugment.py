"""DiffAugment (Zhao et al. 2020, arXiv 2006.10738)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ganzoo import ImageShape
from ganzoo_discriminator_augment import DiffAugmentOptions
from ganzoo_discriminator_augment.cutout import HALF_CUTOUT, kept_pixels

_SHIFT = 0.125
"""The largest translation, as a fraction of the width or height."""


class DiffAugment:
    """Color, translation and cutout of real and generated images, each in every image.

    Color is brightness + U(-0.5, 0.5), saturation * U(0, 2), and contrast * U(0.5, 1.5), in this
    order and without limits of the range. Images are translated by whole pixels and padded with 0.
    """

    apply_to: Literal["all"] = "all"

    def __init__(self, options: DiffAugmentOptions) -> None:
        self.policy = options.policy

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Brightness, saturation, contrast, translation in pixels, center of the cutout; (n, 7)."""
        u = torch.rand(n, 7, generator=random, device=random.device)
        largest = [int(_SHIFT * side + 0.5) for side in (image_shape.width, image_shape.height)]
        counts = u.new_tensor([2 * each + 1 for each in largest])
        pixels = (u[:, 3:5] * counts).floor() - (counts - 1) / 2
        return torch.cat((u[:, :1] - 0.5, 2 * u[:, 1:2], u[:, 2:3] + 0.5, pixels, u[:, 5:]), 1)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The images after the transformations of the policy."""
        parameters = parameters.to(images.dtype)
        if "color" in self.policy:
            images = recolored(images, *parameters[:, :3].unbind(1))
        if "translation" in self.policy:
            images = translated(images, *parameters[:, 3:5].unbind(1))
        if "cutout" in self.policy:
            half = torch.full_like(parameters[:, :1], HALF_CUTOUT)
            images = images * kept_pixels(images, torch.cat((parameters[:, 5:], half), 1))
        return images


def recolored(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Images with other brightness, saturation and contrast; each parameter is (N,).

    ``brightness`` b is added to x. ``saturation`` s changes the distance from the mean m over a
    pixel's channels, and ``contrast`` c that from the mean M over the image:
    x + b, then m + s (x - m), then M + c (x - M). This is one affine map of the channels:
    c s x + c (1 - s) m + (1 - c) M + b, with the means of the original image.
    """
    channels = images.shape[1]
    b, s, c = (each[:, None, None] for each in (brightness, saturation, contrast))
    own = torch.eye(channels, dtype=images.dtype, device=images.device)
    mixing = c * s * own + c * (1 - s) / channels
    offset = (1 - c) * images.mean((1, 2, 3))[:, None, None] + b
    return torch.baddbmm(offset, mixing, images.flatten(2)).view(images.shape)


def translated(images: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Images moved by whole numbers of pixels (N,), with 0 where nothing moved to."""
    rows, is_row = _sources(images.shape[2], down)
    columns, is_column = _sources(images.shape[3], right)
    moved = images.gather(2, rows[:, None, :, None].expand_as(images))
    moved = moved.gather(3, columns[:, None, None, :].expand_as(images))
    return moved * (is_row[:, None, :, None] & is_column[:, None, None, :])


def _sources(length: int, moved: Tensor) -> tuple[Tensor, Tensor]:
    """The pixel that each of ``length`` pixels comes from, (N, length), and whether it exists."""
    source = torch.arange(length, device=moved.device) - moved[:, None].long()
    return source.clamp(0, length - 1), (source >= 0) & (source < length)

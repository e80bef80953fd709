"""Geometric augmentations: each samples one affine matrix per image."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ganzoo import ApplyTo, ImageShape
from ganzoo_classic_augment import (
    ApplyToOptions,
    CropOptions,
    FlipOptions,
    RotateOptions,
    ShearOptions,
    ShiftOptions,
    ZoomOptions,
)
from ganzoo_classic_augment.matrices import rotation, scaling, shear, translation

OptionsT = TypeVar("OptionsT", bound=ApplyToOptions)


class ConfiguredAugmentation(Generic[OptionsT]):
    """An augmentation with its options."""

    def __init__(self, options: OptionsT) -> None:
        self.options = options
        self.apply_to: ApplyTo = options.apply_to


class Flip(ConfiguredAugmentation[FlipOptions]):
    """Flips the image horizontally, vertically, or both."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Scale width and height by -1 or 1 each."""
        return scaling(
            _random_signs(n, self.options.probability, random),
            _random_signs(n, self.options.vertical, random),
        )


class Crop(ConfiguredAugmentation[CropOptions]):
    """Crops a window inside the image and resizes it to the image's size."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Move the window's center to the image's center, then enlarge."""
        side = _uniform(n, self.options.min_side, 1, random)
        aspect = image_shape.aspect
        x = _uniform(n, -aspect, aspect, random) * (1 - side)
        y = _uniform(n, -1, 1, random) * (1 - side)
        return scaling(1 / side, 1 / side) @ translation(-x, -y)


class Rotate(ConfiguredAugmentation[RotateOptions]):
    """Rotates the image about its center."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Rotate by an angle from U[-degrees, degrees]."""
        largest = math.radians(self.options.degrees)
        return rotation(_uniform(n, -largest, largest, random))


class Shift(ConfiguredAugmentation[ShiftOptions]):
    """Shifts the image."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Translate by up to a fraction of the width and of the height."""
        x, y = 2 * image_shape.aspect * self.options.width, 2 * self.options.height
        return translation(_uniform(n, -x, x, random), _uniform(n, -y, y, random))


class Shear(ConfiguredAugmentation[ShearOptions]):
    """Shears the image horizontally."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Shear by a tangent from U[-amount, amount]."""
        return shear(_uniform(n, -self.options.amount, self.options.amount, random))


class Zoom(ConfiguredAugmentation[ZoomOptions]):
    """Scales the image about its center."""

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Scale by a factor from U[1 - amount, 1 + amount]; above 1 it enlarges."""
        factor = _uniform(n, 1 - self.options.amount, 1 + self.options.amount, random)
        return scaling(factor, factor)


def _uniform(n: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=random, device=random.device)


def _random_signs(n: int, probability: float, random: torch.Generator) -> Tensor:
    """-1 with this probability, otherwise 1; (n,)."""
    return 1 - 2 * (torch.rand(n, generator=random, device=random.device) < probability).float()

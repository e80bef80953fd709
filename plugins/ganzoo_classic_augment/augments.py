"""The augmentations: each samples an affine matrix per image."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ganzoo import ApplyTo
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

Chosen = TypeVar("Chosen", bound=ApplyToOptions)


class Applied(Generic[Chosen]):
    """An augmentation with its options."""

    def __init__(self, options: Chosen) -> None:
        self.options = options
        self.apply_to: ApplyTo = options.apply_to


class Flip(Applied[FlipOptions]):
    """Flips the image."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Scale by -1 across, down, both or neither."""
        return scaling(
            _signs(n, self.options.probability, random),
            _signs(n, self.options.vertical, random),
        )


class Crop(Applied[CropOptions]):
    """Enlarges a window, which is inside the image, to the full image."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Move the window's center to the image's center, then enlarge."""
        side = _uniform(n, self.options.min_side, 1, random)
        x = _uniform(n, -aspect, aspect, random) * (1 - side)
        y = _uniform(n, -1, 1, random) * (1 - side)
        return scaling(1 / side, 1 / side) @ translation(-x, -y)


class Rotate(Applied[RotateOptions]):
    """Rotates the image about its center."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Rotate by up to the largest angle to either side."""
        largest = math.radians(self.options.degrees)
        return rotation(_uniform(n, -largest, largest, random))


class Shift(Applied[ShiftOptions]):
    """Shifts the image."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Translate by up to a share of the width, 2 ``aspect``, and of the height, 2."""
        x, y = 2 * aspect * self.options.width, 2 * self.options.height
        return translation(_uniform(n, -x, x, random), _uniform(n, -y, y, random))


class Shear(Applied[ShearOptions]):
    """Shears the image sideways; horizontal lines stay horizontal."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Shear by up to the largest tangent to either side."""
        return shear(_uniform(n, -self.options.amount, self.options.amount, random))


class Zoom(Applied[ZoomOptions]):
    """Scales the image about its center."""

    def sample_affine(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Scale both sides by one factor; above 1 it enlarges."""
        factor = _uniform(n, 1 - self.options.amount, 1 + self.options.amount, random)
        return scaling(factor, factor)


def _uniform(n: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=random, device=random.device)


def _signs(n: int, probability: float, random: torch.Generator) -> Tensor:
    """-1 with this probability, else 1."""
    return 1 - 2 * (torch.rand(n, generator=random, device=random.device) < probability).float()

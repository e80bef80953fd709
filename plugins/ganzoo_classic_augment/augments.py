"""The augmentations: each draws a matrix for every picture."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ganzoo import Placement
from ganzoo_classic_augment import (
    CropOptions,
    FlipOptions,
    PlacedOptions,
    RotateOptions,
    ShearOptions,
    ShiftOptions,
    ZoomOptions,
)
from ganzoo_classic_augment.matrices import rotation, scaling, shear, translation

Chosen = TypeVar("Chosen", bound=PlacedOptions)


class Placed(Generic[Chosen]):
    """An augmentation with its options, which say where it acts."""

    def __init__(self, options: Chosen) -> None:
        self.options = options
        self.placement: Placement = options.on


class Flip(Placed[FlipOptions]):
    """Mirrors the picture."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Scale by -1 across, down, both or neither."""
        return scaling(
            _signs(n, self.options.probability, random),
            _signs(n, self.options.vertical, random),
        )


class Crop(Placed[CropOptions]):
    """Enlarges a window of the picture, which lies wholly inside it, to the full picture."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Bring the window's centre to the picture's, then enlarge."""
        side = _uniform(n, self.options.smallest, 1, random)
        x = _uniform(n, -aspect, aspect, random) * (1 - side)
        y = _uniform(n, -1, 1, random) * (1 - side)
        return scaling(1 / side, 1 / side) @ translation(-x, -y)


class Rotate(Placed[RotateOptions]):
    """Turns the picture about its centre."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Rotate by up to the largest angle to either side."""
        largest = math.radians(self.options.degrees)
        return rotation(_uniform(n, -largest, largest, random))


class Shift(Placed[ShiftOptions]):
    """Moves the picture."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Translate by up to a share of the width, 2 ``aspect``, and of the height, 2."""
        x, y = 2 * aspect * self.options.width, 2 * self.options.height
        return translation(_uniform(n, -x, x, random), _uniform(n, -y, y, random))


class Shear(Placed[ShearOptions]):
    """Leans the picture sideways; its horizontal lines stay horizontal."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Shear by up to the largest tangent to either side."""
        return shear(_uniform(n, -self.options.amount, self.options.amount, random))


class Zoom(Placed[ZoomOptions]):
    """Enlarges or shrinks the picture about its centre."""

    def warp(self, n: int, aspect: float, random: torch.Generator) -> Tensor:
        """Scale both sides by one factor; above 1 it enlarges."""
        factor = _uniform(n, 1 - self.options.amount, 1 + self.options.amount, random)
        return scaling(factor, factor)


def _uniform(n: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=random, device=random.device)


def _signs(n: int, probability: float, random: torch.Generator) -> Tensor:
    """-1 with this probability, else 1."""
    return 1 - 2 * (torch.rand(n, generator=random, device=random.device) < probability).float()

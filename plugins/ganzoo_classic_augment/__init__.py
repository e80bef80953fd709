"""Classic geometric augmentations: flip, crop, rotate, shift, shear and zoom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ganzoo import Augmentation, Options, hookimpl

_PAPER = "Zhao et al. 2020, arXiv 2006.02595"


class PlacedOptions(Options):
    """Where the augmentation acts."""

    on: Literal["real", "both"] = Field(
        "real",
        description="On real pictures only (more data), or on all the discriminator sees.",
    )


class FlipOptions(PlacedOptions):
    """How often pictures are mirrored."""

    probability: float = Field(
        0.5, ge=0, le=1, description="Probability that left and right are exchanged."
    )
    vertical: float = Field(
        0.0, ge=0, le=1, description="Probability that top and bottom are exchanged."
    )


class CropOptions(PlacedOptions):
    """How much of a picture is kept."""

    smallest: float = Field(
        0.8, gt=0, le=1, description="Smallest side of the window, as a share of the picture's."
    )


class RotateOptions(PlacedOptions):
    """How far pictures turn."""

    degrees: float = Field(
        10.0, ge=0, le=180, description="Largest angle to either side, in degrees."
    )


class ShiftOptions(PlacedOptions):
    """How far pictures move."""

    width: float = Field(
        0.1, ge=0, le=1, description="Largest move to the left or right, as a share of the width."
    )
    height: float = Field(
        0.1, ge=0, le=1, description="Largest move up or down, as a share of the height."
    )


class ShearOptions(PlacedOptions):
    """How far pictures lean."""

    amount: float = Field(
        0.15, ge=0, le=1, description="Tangent of the largest angle of leaning to either side."
    )


class ZoomOptions(PlacedOptions):
    """How much pictures grow and shrink."""

    amount: float = Field(
        0.1, ge=0, lt=1, description="Largest difference of the factor of enlargement from 1."
    )


@hookimpl
def ganzoo_augmentations() -> Iterable[Augmentation]:
    """Six ways to move pixels."""
    yield Augmentation(
        name="flip",
        summary="Mirrors pictures at random, left to right or top to bottom.",
        factory="ganzoo_classic_augment.augments:Flip",
        options=FlipOptions,
        reference=_PAPER,
    )
    yield Augmentation(
        name="crop",
        summary="Enlarges a random window of the picture to the full picture.",
        factory="ganzoo_classic_augment.augments:Crop",
        options=CropOptions,
        reference=_PAPER,
    )
    yield Augmentation(
        name="rotate",
        summary="Turns pictures about their centre by a random angle.",
        factory="ganzoo_classic_augment.augments:Rotate",
        options=RotateOptions,
        reference=_PAPER,
    )
    yield Augmentation(
        name="shift",
        summary="Moves pictures a random way sideways and up or down.",
        factory="ganzoo_classic_augment.augments:Shift",
        options=ShiftOptions,
        reference=_PAPER,
    )
    yield Augmentation(
        name="shear",
        summary="Leans pictures sideways by a random angle.",
        factory="ganzoo_classic_augment.augments:Shear",
        options=ShearOptions,
        reference=_PAPER,
    )
    yield Augmentation(
        name="zoom",
        summary="Enlarges or shrinks pictures about their centre by a random factor.",
        factory="ganzoo_classic_augment.augments:Zoom",
        options=ZoomOptions,
        reference=_PAPER,
    )

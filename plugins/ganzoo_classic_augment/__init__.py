"""Geometric augmentations: flip, crop, rotate, shift, shear and zoom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ganzoo import AugmentationSpec, Options, hookimpl

_PAPER = "Zhao et al. 2020, arXiv 2006.02595"


class ApplyToOptions(Options):
    """Which images are augmented."""

    apply_to: Literal["real", "all"] = Field(
        "real",
        description="real: real images only (data augmentation); all: all images that the "
        "discriminator gets, also generated ones.",
    )


class FlipOptions(ApplyToOptions):
    """The probabilities of flips."""

    probability: float = Field(0.5, ge=0, le=1, description="Probability of a horizontal flip.")
    vertical: float = Field(0.0, ge=0, le=1, description="Probability of a vertical flip.")


class CropOptions(ApplyToOptions):
    """The size of the cropped window."""

    min_side: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Smallest side of the window, as a fraction of the image's side.",
    )


class RotateOptions(ApplyToOptions):
    """The range of angles."""

    degrees: float = Field(10.0, ge=0, le=180, description="Angles are from -degrees to degrees.")


class ShiftOptions(ApplyToOptions):
    """The range of shifts."""

    width: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest shift to the left or right, as a fraction of the width.",
    )
    height: float = Field(
        0.1, ge=0, le=1, description="Largest shift up or down, as a fraction of the height."
    )


class ShearOptions(ApplyToOptions):
    """The range of shears."""

    amount: float = Field(
        0.15, ge=0, le=1, description="Tangent of the largest shear angle, to either side."
    )


class ZoomOptions(ApplyToOptions):
    """The range of scales."""

    amount: float = Field(0.1, ge=0, lt=1, description="Scales are from 1 - amount to 1 + amount.")


@hookimpl
def ganzoo_augmentations() -> Iterable[AugmentationSpec]:
    """Six geometric augmentations."""
    yield AugmentationSpec(
        name="flip",
        summary="Random horizontal and vertical flip.",
        factory="ganzoo_classic_augment.augments:Flip",
        options=FlipOptions,
        reference=_PAPER,
    )
    yield AugmentationSpec(
        name="crop",
        summary="Random crop, resized to the image's size.",
        factory="ganzoo_classic_augment.augments:Crop",
        options=CropOptions,
        reference=_PAPER,
    )
    yield AugmentationSpec(
        name="rotate",
        summary="Random rotation about the center.",
        factory="ganzoo_classic_augment.augments:Rotate",
        options=RotateOptions,
        reference=_PAPER,
    )
    yield AugmentationSpec(
        name="shift",
        summary="Random horizontal and vertical shift.",
        factory="ganzoo_classic_augment.augments:Shift",
        options=ShiftOptions,
        reference=_PAPER,
    )
    yield AugmentationSpec(
        name="shear",
        summary="Random horizontal shear.",
        factory="ganzoo_classic_augment.augments:Shear",
        options=ShearOptions,
        reference=_PAPER,
    )
    yield AugmentationSpec(
        name="zoom",
        summary="Random scaling about the center, by the same factor in width and height.",
        factory="ganzoo_classic_augment.augments:Zoom",
        options=ZoomOptions,
        reference=_PAPER,
    )

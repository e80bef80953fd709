"""Augmentations of all images that the discriminator receives, for datasets of few images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ganzoo import AugmentationSpec, Options, hookimpl


def _split(names: Any) -> Any:
    return names.split(",") if isinstance(names, str) else names


class DiffAugmentOptions(Options):
    """Which of the three transformations are used."""

    policy: Annotated[
        tuple[Literal["color", "translation", "cutout"], ...], BeforeValidator(_split)
    ] = Field(
        ("color", "translation", "cutout"),
        min_length=1,
        description="Any of color, translation and cutout; commas between several.",
    )


class CutoutOptions(Options):
    """How often and how much is cut out."""

    probability: float = Field(1.0, ge=0, le=1, description="Probability for each image.")
    size: float = Field(
        0.5, ge=0, le=1, description="Sides of the rectangle, as a fraction of the image's sides."
    )


class NoiseOptions(Options):
    """How often and how much noise is added."""

    probability: float = Field(1.0, ge=0, le=1, description="Probability for each image.")
    std: float = Field(
        0.1, ge=0, le=1, description="Standard deviation; black and white differ by 2."
    )


class AdaptiveOptions(Options):
    """How a probability follows the scores of real images."""

    p: float | None = Field(
        None, ge=0, le=1, description="A fixed probability; by default it follows the scores."
    )
    target: float = Field(
        0.6,
        ge=-1,
        le=1,
        description="The probability rises while the mean sign of the scores of real images is "
        "greater than this, and falls while it is less.",
    )
    interval: int = Field(
        4, ge=1, le=1000, description="Batches from one change of the probability to the next."
    )
    ramp_images: int = Field(
        500_000,
        ge=1,
        le=10**9,
        description="Images seen while the probability rises from 0 to 1.",
    )


class AdaOptions(AdaptiveOptions):
    """The probability, and factors of it for each category of transformations."""

    flip: float = Field(1.0, ge=0, le=1, description="Factor for horizontal flips.")
    rotate_90: float = Field(
        1.0, ge=0, le=1, description="Factor for rotations by multiples of 90 degrees."
    )
    shift: float = Field(1.0, ge=0, le=1, description="Factor for shifts by whole pixels.")
    geometry: float = Field(
        1.0, ge=0, le=1, description="Factor for scaling, rotation by any angle, and stretching."
    )
    color: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Factor for brightness, contrast, luma flip, hue and saturation.",
    )
    filter: float = Field(0.0, ge=0, le=1, description="Factor for filters of frequency bands.")
    noise: float = Field(0.0, ge=0, le=1, description="Factor for noise.")
    cutout: float = Field(0.0, ge=0, le=1, description="Factor for cutting out a rectangle.")


class ApaOptions(AdaptiveOptions):
    """The probability that a real image is replaced."""


@hookimpl
def ganzoo_augmentations() -> Iterable[AugmentationSpec]:
    """Augmentations of all images, with a fixed or an adaptive probability."""
    yield AugmentationSpec(
        name="diffaugment",
        summary="Color, translation and cutout of all images, for a few thousand images or fewer.",
        factory="ganzoo_discriminator_augment.diffaugment:DiffAugment",
        options=DiffAugmentOptions,
        suggested_below=10_000,
        preference=1,  # better in short runs: docs/architectures.md, docs/leaderboard.md
        reference="Zhao et al. 2020, arXiv 2006.10738, section 3",
    )
    yield AugmentationSpec(
        name="ada",
        summary="Flips, rotations, scales, colors and more of all images, as often as the "
        "discriminator overfits.",
        factory="ganzoo_discriminator_augment.ada:Ada",
        options=AdaOptions,
        suggested_below=10_000,
        reference="Karras et al. 2020, arXiv 2006.06676, section 3 and appendix B",
    )
    yield AugmentationSpec(
        name="apa",
        summary="Generated images in place of some real ones, as often as the discriminator "
        "overfits.",
        factory="ganzoo_discriminator_augment.apa:Apa",
        options=ApaOptions,
        reference="Jiang et al. 2021, arXiv 2111.06849, section 3",
    )
    yield AugmentationSpec(
        name="cutout",
        summary="A rectangle at a random place becomes gray, in all images.",
        factory="ganzoo_discriminator_augment.cutout:Cutout",
        options=CutoutOptions,
        reference="DeVries and Taylor 2017, arXiv 1708.04552",
    )
    yield AugmentationSpec(
        name="noise",
        summary="Normal noise in each pixel of all images.",
        factory="ganzoo_discriminator_augment.noise:Noise",
        options=NoiseOptions,
        reference="Arjovsky and Bottou 2017, arXiv 1701.04862, section 3",
    )

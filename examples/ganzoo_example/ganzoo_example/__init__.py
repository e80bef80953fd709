"""Declarations of a loss, an augmentation and a recipe; the code is imported when it is used."""

from __future__ import annotations

from pydantic import Field

from ganzoo import AugmentationSpec, LossSpec, Options, RecipeSpec, hookimpl


class RelativisticHingeOptions(Options):
    """Options of the relativistic hinge loss."""

    margin: float = Field(
        1.0, gt=0, description="Margin between an image's score and the mean of the others."
    )


class NoiseOptions(Options):
    """Options of the noise."""

    strength: float = Field(
        0.1, ge=0, description="Standard deviation of the noise; images are in [-1, 1]."
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="relativistic-hinge",
            summary="Relativistic average hinge loss with a margin.",
            factory="ganzoo_example.losses:RelativisticHinge",
            options=RelativisticHingeOptions,
            reference="Jolicoeur-Martineau 2018, arXiv 1807.00734 (RaHingeGAN)",
        )
    ]


@hookimpl
def ganzoo_augmentations() -> list[AugmentationSpec]:
    """One augmentation."""
    return [
        AugmentationSpec(
            name="instance-noise",
            summary="Gaussian noise on all images that the discriminator receives.",
            factory="ganzoo_example.augments:Noise",
            options=NoiseOptions,
            reference="Sønderby et al. 2016, arXiv 1610.04490",
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """One recipe."""
    return [
        RecipeSpec(
            name="relativistic-blossoms",
            summary="The loss and the augmentation of this plugin on the dataset blossoms.",
            settings="ganzoo_example/recipes/relativistic-blossoms.toml",
        )
    ]

"""A loss, an augmentation and a recipe, declared; the code is imported when it is used."""

from __future__ import annotations

from pydantic import Field

from ganzoo import AugmentationSpec, LossSpec, Options, RecipeSpec, hookimpl


class RelativisticHingeOptions(Options):
    """How far apart the scores are pushed."""

    margin: float = Field(
        1.0, gt=0, description="How much more real than the others an image shall look."
    )


class NoiseOptions(Options):
    """How much noise there is."""

    strength: float = Field(
        0.1, ge=0, description="Standard deviation of the noise, where images span -1 to 1."
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="relativistic-hinge",
            summary="Real images look more real than generated ones do on average, by a margin.",
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
            name="noise",
            summary="Normal noise on every image that the discriminator sees.",
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
            summary="The loss and the augmentation of this plugin, on drawn flowers.",
            settings="ganzoo_example/recipes/relativistic-blossoms.toml",
        )
    ]

"""Declarations of a loss and a recipe; the code is imported when it is used."""

from __future__ import annotations

from pydantic import Field

from ganzoo import LossSpec, Options, RecipeSpec, hookimpl


class AlphaOptions(Options):
    """The option of the alpha-loss."""

    alpha: float = Field(
        1.0,
        ge=0.2,
        description="1 is the non-saturating loss. Below 1, images that the discriminator gets "
        "wrong weigh more, above 1 less.",
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="alpha",
            summary="Alpha-loss: one number turns the non-saturating loss into many others.",
            factory="ganzoo_alpha.losses:Alpha",
            options=AlphaOptions,
            reference="Kurri et al. 2021, arXiv 2106.05232",
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """One recipe."""
    return [
        RecipeSpec(
            name="alpha-blossoms",
            summary="The loss on the dataset blossoms, with alpha rising from 0.5 to 1.",
            settings="ganzoo_alpha/recipes/alpha-blossoms.toml",
        )
    ]

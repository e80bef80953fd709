"""Declarations: a dataset of two folders, the networks and the training of CycleGAN, recipes."""

from __future__ import annotations

from pydantic import Field

from ganzoo import (
    ArchitectureSpec,
    CommandSpec,
    DatasetSpec,
    LocalPath,
    LossSpec,
    Options,
    RecipeSpec,
    hookimpl,
)

PAPER = "Zhu et al. 2017, arXiv 1703.10593"


class FoldersOptions(Options):
    """The two domains."""

    x: LocalPath | None = Field(None, description="The folder of the images to translate.")
    y: LocalPath | None = Field(None, description="The folder of images to translate them to.")


class NetworkOptions(Options):
    """The size of the networks."""

    base_channels: int = Field(
        64, ge=1, le=1024, description="Feature maps of the first layer; later ones have more."
    )
    blocks: int = Field(6, ge=0, le=64, description="Residual blocks of each generator.")
    sources: int = Field(
        64, ge=1, le=10_000, description="Number of real images whose translations are samples."
    )


class CycleOptions(Options):
    """Weights of the terms, and the size of the pool."""

    cycle: float = Field(
        10.0, ge=0, description="Weight of the distances of x and F(G(x)), y and G(F(y)); lambda."
    )
    identity: float = Field(
        0.5, ge=0, description="Weight of the distances of y and G(y), x and F(x), times lambda."
    )
    pool: int = Field(
        50, ge=0, description="Earlier translations of each domain that the discriminators see."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """One dataset."""
    return [
        DatasetSpec(
            name="two-folders",
            summary="Images of two folders, one above the other, as pairs that need not match.",
            factory="ganzoo_cyclegan.two_folders:TwoFolders",
            options=FoldersOptions,
            recommends={"data.resolution": "64x128"},
        )
    ]


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="cyclegan",
            summary="Two residual generators and two discriminators of patches, for pairs of "
            "images.",
            factory="ganzoo_cyclegan.networks:build",
            options=NetworkOptions,
            reference=PAPER,
        )
    ]


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="cyclegan",
            summary="CycleGAN: translates images to another domain and back, without pairs.",
            factory="ganzoo_cyclegan.method:CycleGan",
            options=CycleOptions,
            reference=PAPER,
            recommends={"train.batch_size": 1},
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """Two recipes."""
    return [
        RecipeSpec(
            name="cyclegan-paper",
            summary="Two folders of some thousand images at 256 x 256 pixels, as in the paper.",
            settings="ganzoo_cyclegan/recipes/paper.toml",
            reference=PAPER,
        ),
        RecipeSpec(
            name="cyclegan-small",
            summary="Two folders at 32 x 32 pixels by small networks, for two cores.",
            settings="ganzoo_cyclegan/recipes/small.toml",
        ),
    ]


@hookimpl
def ganzoo_commands() -> list[CommandSpec]:
    """One command."""
    return [
        CommandSpec(
            name="translate",
            summary="Translate the images of a folder with a trained CycleGAN.",
            factory="ganzoo_cyclegan.command:translate",
        )
    ]

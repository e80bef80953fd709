"""FastGAN: networks for few images, with reconstruction, and the hinge loss with random margins."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, LossSpec, Options, RecipeSpec, RegularizerSpec, hookimpl

_PAPER = "Liu et al. 2021, arXiv 2101.04775"


class FastganOptions(Options):
    """Width and normalization of both networks."""

    base_channels: int = Field(
        64,
        ge=1,
        description="Channels of maps: the smallest have 16 times as many in the generator and 8 "
        "times in the discriminator, larger ones fewer.",
    )
    latent_dim: int = Field(256, ge=1, description="Length of the latent vector (standard normal).")
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="Normalization of the discriminator; auto is batch, or layer if the loss "
        "needs independent scores, as a gradient penalty does.",
    )


class ReconstructionOptions(Options):
    """The weight of the reconstruction."""

    weight: float = Field(1.0, ge=0, le=100_000, description="Weight of the distances.")
    every: int = Field(
        1,
        ge=1,
        le=1000,
        description="Steps from one use to the next; with more than 1, it weighs that many times "
        "as much, in an update of its own.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Liu et al. 2021."""
    return [
        ArchitectureSpec(
            name="fastgan",
            summary="FastGAN: skip-layer excitation, and a discriminator that reconstructs "
            "images; for few images of 16 pixels or more.",
            factory="ganzoo_fastgan.networks:build",
            options=FastganOptions,
            conditions=("class", "classes", "vector"),
            reference=f"{_PAPER}; conditional: Miyato & Koyama 2018, arXiv 1802.05637",
            recommends={
                "augment.diffaugment.policy": ["color", "translation"],
                "regularize.fastgan-reconstruction": {},
                "train.batch_size": 8,
                "train.discriminator.steps": 1,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.5, 0.999],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.5, 0.999],
                "train.ema.decay": 0.999,
            },
        )
    ]


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """The reconstruction of real images by the discriminator."""
    return [
        RegularizerSpec(
            name="fastgan-reconstruction",
            summary="The discriminator of fastgan reconstructs real images from its features.",
            factory="ganzoo_fastgan.reconstruction:Reconstruction",
            options=ReconstructionOptions,
            reference=f"{_PAPER}, section 3.2; distance: Bojanowski et al. 2017, arXiv 1707.05776",
        )
    ]


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The hinge loss with random margins."""
    return [
        LossSpec(
            name="soft-hinge",
            summary="Hinge loss whose margins are random numbers between 0.8 and 1.",
            factory="ganzoo_fastgan.losses:SoftHinge",
            reference=f"{_PAPER}, section 3.2, with the margins of the authors' code",
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """The setting of the paper, and one for two cores."""
    return [
        RecipeSpec(
            name="fastgan-paper",
            summary="A folder of some hundred images at 256 x 256 pixels by FastGAN, as in the "
            "paper.",
            settings="ganzoo_fastgan/paper.toml",
            reference=f"{_PAPER}, with another distance of reconstructions",
            expects="Objects can be recognized after some 10,000 steps.",
        ),
        RecipeSpec(
            name="fastgan-small",
            summary="Images of 32 x 32 pixels by a small FastGAN, for two cores.",
            settings="ganzoo_fastgan/small.toml",
            reference=_PAPER,
            expects="Colors and backgrounds appear in the first hundreds of steps, shapes later.",
        ),
    ]

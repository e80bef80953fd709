"""Generator, and a discriminator of frozen features of a pretrained network (Projected GAN)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl


class ProjectedOptions(Options):
    """Width and layers of both networks, and the features that images are compared by."""

    base_channels: int = Field(
        128,
        ge=1,
        description="Channels of the generator's maps: 16 times as many in the smallest, fewer "
        "in each larger.",
    )
    latent_dim: int = Field(256, ge=1, description="Length of the latent vector (standard normal).")
    convolutions: Literal[1, 2] = Field(
        1, description="Convolutions in each block of the generator: 1 in the authors' lite one."
    )
    features: Literal["effnet-lite0", "random"] = Field(
        "effnet-lite0",
        description="Weights of the frozen network: trained on ImageNet, from a package, or "
        "random. Distances of ImageNet features, such as FID, overrate the first.",
    )
    feature_resolution: int = Field(
        128,
        ge=64,
        le=1024,
        multiple_of=32,
        description="Pixels of the shorter side to which images are resized for the features: 224 "
        "in the paper for smaller images; fewer are faster.",
    )
    mixing_channels: int = Field(
        64, ge=1, description="Channels of the largest map of mixed features; the others have more."
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="Normalization of the discriminator; auto is batch, or layer if the loss "
        "needs independent scores, as a gradient penalty does.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Sauer et al. 2021."""
    return [
        ArchitectureSpec(
            name="projected",
            summary="Projected GAN: critics of frozen ImageNet features, fast on small datasets; "
            "metrics of ImageNet features overrate it.",
            factory="ganzoo_projected.networks:build",
            options=ProjectedOptions,
            conditions=("class", "classes", "vector"),
            reference="Sauer et al. 2021, arXiv 2111.01007; generator: Liu et al. 2021, arXiv "
            "2101.04775; on metrics: Kynkäänniemi et al. 2022, arXiv 2203.06026",
            recommends={
                "augment.diffaugment": {},
                "train.batch_size": 64,
                "train.discriminator.steps": 1,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.99],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.99],
                "train.ema.half_life": 20_000,
            },
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """The setting of the paper, and one for two cores."""
    reference = "Sauer et al. 2021, arXiv 2111.01007"
    return [
        RecipeSpec(
            name="projected-paper",
            summary="A folder of images at 256 x 256 pixels by a projected GAN, as in the paper.",
            settings="ganzoo_projected/paper.toml",
            reference=f"{reference}, without noise in the generator",
            expects="Objects with the right layout appear within the first 100,000 images.",
        ),
        RecipeSpec(
            name="projected-small",
            summary="Images of 32 x 32 pixels by a small projected GAN, for two cores.",
            settings="ganzoo_projected/small.toml",
            reference=reference,
            expects="Colors and backgrounds appear in the first hundreds of steps, shapes later.",
        ),
    ]

"""Residual generator and discriminator of SNGAN and WGAN-GP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl


class ResnetOptions(Options):
    """Width and layers of both networks."""

    base_channels: int = Field(
        64,
        ge=1,
        description="Channels of the largest feature maps, from which all widths follow: 64 in "
        "both papers.",
    )
    generator_base_channels: int | None = Field(
        None, ge=1, description="base_channels of the generator, if it is another number."
    )
    widths: Literal["auto", "doubling", "constant"] = Field(
        "auto",
        description="doubling: each halving of the size doubles the channels, up to 16 x "
        "base_channels. constant: 4 x base_channels in the generator, 2 x in the discriminator. "
        "auto is constant up to 32 x 32 pixels, as in the papers.",
    )
    latent_dim: int = Field(128, ge=1, description="Length of the latent vector (standard normal).")
    spectral_norm: bool | Literal["auto"] = Field(
        "auto",
        description="Spectral normalization of all layers of the discriminator; auto: unless the "
        "run limits the discriminator in another way, by a penalty on its gradient or by clipping "
        "its weights.",
    )
    pooling: Literal["sum", "mean"] = Field(
        "sum",
        description="How the discriminator reduces its last feature maps to one vector: sum in "
        "SNGAN, mean in WGAN-GP.",
    )
    attention: int | None = Field(
        None,
        ge=4,
        description="Height in pixels of the feature maps to which both networks apply "
        "self-attention (SAGAN); by default there is none.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Miyato et al. 2018."""
    return [
        ArchitectureSpec(
            name="resnet",
            summary="Residual networks of SNGAN and WGAN-GP, with spectral normalization.",
            factory="ganzoo_resnet.networks:build",
            options=ResnetOptions,
            conditions=("class", "classes", "vector"),
            reference="Miyato et al. 2018, arXiv 1802.05957, appendix; Gulrajani et al. 2017, "
            "arXiv 1704.00028, appendix; conditional: Miyato & Koyama 2018, arXiv 1802.05637; "
            "attention: Zhang et al. 2018, arXiv 1805.08318",
            # The values of both papers for their residual networks for CIFAR-10.
            recommends={
                "train.batch_size": 64,
                "train.discriminator.steps": 5,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.9],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.9],
            },
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """The settings of both papers for CIFAR-10, and settings for a small machine."""
    return [
        RecipeSpec(
            name="resnet-paper",
            summary="CIFAR-10 at 32 x 32 pixels by the residual networks of SNGAN.",
            settings="ganzoo_resnet/paper.toml",
            reference="Miyato et al. 2018, arXiv 1802.05957, experiments on CIFAR-10 and appendix",
            expects="The paper reports an FID of 21.7 (Inception, 5,000 images).",
        ),
        RecipeSpec(
            name="resnet-wgan-gp",
            summary="CIFAR-10 at 32 x 32 pixels by the residual networks of WGAN-GP.",
            settings="ganzoo_resnet/wgan-gp.toml",
            reference="Gulrajani et al. 2017, arXiv 1704.00028, CIFAR-10 and appendix",
            expects="The paper reports an Inception score of 7.86.",
        ),
        RecipeSpec(
            name="resnet-small",
            summary="Small residual networks for some thousand images of 32 x 32 pixels.",
            settings="ganzoo_resnet/small.toml",
            reference="Miyato et al. 2018, arXiv 1802.05957; one update of the discriminator with "
            "four times the generator's learning rate: Heusel et al. 2017, arXiv 1706.08500, and "
            "Zhang et al. 2018, arXiv 1805.08318",
            expects="Spots in the colors of the images appear within some hundred steps; after "
            "1,600 steps, a regular texture still covers them.",
        ),
    ]

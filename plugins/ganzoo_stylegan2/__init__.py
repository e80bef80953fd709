"""Style-based generator and residual discriminator (StyleGAN2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl


class StyleGan2Options(Options):
    """Width and layers of both networks."""

    channel_base: int = Field(
        32768,
        ge=1,
        description="Channels of the layers for maps of n pixels on the longer side: "
        "channel_base / n, at most max_channels.",
    )
    max_channels: int = Field(512, ge=1, description="Largest number of channels of a layer.")
    latent_dim: int = Field(
        512, ge=1, description="Length of the latents (standard normal) and intermediate latents."
    )
    mapping_layers: int = Field(
        8, ge=1, le=64, description="Layers of the mapping network; 2 are enough for small images."
    )
    generator: Literal["skip", "residual"] = Field(
        "skip",
        description="skip adds up the images of all resolutions; residual has residual blocks.",
    )
    noise: bool = Field(
        True,
        description="Whether layers add noise, which becomes texture. It is random in training; "
        "otherwise an image's latent decides its noise.",
    )
    style_mixing: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Probability that the later layers use a second latent, in training.",
    )
    mbstd_group_size: int = Field(
        4,
        ge=1,
        description="Images in a group of the minibatch standard deviation layer; 1 removes the "
        "layer.",
    )


_PAPER = "Karras et al. 2020, arXiv 1912.04958"


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Karras et al. 2020."""
    return [
        ArchitectureSpec(
            name="stylegan2",
            summary="StyleGAN2: modulated convolutions and noise; residual discriminator.",
            factory="ganzoo_stylegan2.networks:build",
            options=StyleGan2Options,
            conditions=("class", "classes", "vector"),
            reference=f"{_PAPER}, configuration F; style mixing: Karras et al. 2019, "
            "arXiv 1812.04948; conditional: Miyato & Koyama 2018, arXiv 1802.05637",
            recommends={
                "train.batch_size": 32,
                "train.discriminator.steps": 1,
                "train.generator.lr": 2.5e-3,
                "train.generator.betas": [0.0, 0.99],
                "train.discriminator.lr": 2.5e-3,
                "train.discriminator.betas": [0.0, 0.99],
                "train.ema.half_life": 10_000,
                "regularize.r1.every": 16,
                "regularize.path-length": {},
            },
        )
    ]


@hookimpl
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """The paper's setting, and one for small images."""
    yield RecipeSpec(
        name="stylegan2-paper",
        summary="Faces at 1024 x 1024 pixels by StyleGAN2, configuration F.",
        settings="ganzoo_stylegan2/paper.toml",
        reference=f"{_PAPER}, table 1, configuration F, and appendix B",
        expects="The paper reports an FID of 2.84 on FFHQ after 25 million images, on 8 GPUs.",
    )
    yield RecipeSpec(
        name="stylegan2-small",
        summary="Images at 32 x 32 pixels by a narrow StyleGAN2, without path lengths.",
        settings="ganzoo_stylegan2/small.toml",
        reference="Karras et al. 2020, arXiv 2006.06676, the configuration for CIFAR-10, with "
        "fewer channels",
        expects="After 25,000 images, the samples have the colors of the real images and a texture "
        "that is made of noise; shapes come later.",
    )

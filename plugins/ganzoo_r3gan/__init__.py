"""Convolutional residual networks without normalization (R3GAN), and recipes."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl

_PAPER = "Huang et al. 2024, arXiv 2501.05441"


class R3ganOptions(Options):
    """Width and depth of both networks."""

    channel_base: int = Field(
        24_576,
        ge=16,
        le=1_000_000,
        description="Channels of a stage: channel_base / its shorter side in pixels, at most "
        "max_channels, rounded to fill groups.",
    )
    max_channels: int = Field(
        768, ge=1, le=10_000, description="Largest number of channels of a stage."
    )
    blocks: int = Field(2, ge=1, le=100, description="Residual blocks in each stage.")
    expansion: int = Field(
        2, ge=1, le=16, description="Channels inside a residual block, as a multiple of its input."
    )
    group_size: int = Field(
        16, ge=1, le=10_000, description="Channels in each group of the 3 x 3 convolutions."
    )
    latent_dim: int = Field(64, ge=1, description="Length of the latent vector (standard normal).")


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Huang et al. 2024."""
    return [
        ArchitectureSpec(
            name="r3gan",
            summary="Residual blocks of grouped convolutions without normalization (R3GAN).",
            factory="ganzoo_r3gan.networks:build",
            options=R3ganOptions,
            conditions=("class", "classes", "vector"),
            reference=f"{_PAPER}, configuration E",
            # Gamma is the paper's for ImageNet at 64 pixels. It depends on the data: 0.05 for
            # CIFAR-10, 2 for FFHQ at 64 pixels, 150 at 256, each falling to a tenth.
            recommends={
                "train.images": 20_000_000,
                "train.batch_size": 256,
                "train.discriminator.steps": 1,
                **{
                    f"train.{network}.{key}": value
                    for network in ("generator", "discriminator")
                    for key, value in (
                        ("lr", "2e-4 -> 5e-5 cosine"),
                        ("betas", [0.0, "0.9 -> 0.99 cosine"]),
                    )
                },
                "train.ema.half_life": "0 -> 500000 cosine",
                "regularize.r1.gamma": "1 -> 0.1 cosine",
                "regularize.r2.gamma": "1 -> 0.1 cosine",
            },
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """The paper's setting for CIFAR-10, and one for a few thousand images on a CPU."""
    return [
        RecipeSpec(
            name="r3gan-paper",
            summary="CIFAR-10 by the networks, loss and schedules of R3GAN.",
            settings="ganzoo_r3gan/paper.toml",
            reference=_PAPER,
            expects="The paper reports a Fréchet inception distance of 1.96, after days on eight "
            "GPUs.",
        ),
        RecipeSpec(
            name="r3gan-small",
            summary="A few thousand images of 32 pixels by narrow networks of R3GAN.",
            settings="ganzoo_r3gan/small.toml",
            reference=_PAPER,
            expects="Spots in the colors of the images appear within some hundred steps.",
        ),
    ]

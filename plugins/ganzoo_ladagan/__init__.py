"""LadaGAN: generator and discriminator with linear additive attention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl


class LadaganOptions(Options):
    """Width and layers of both networks."""

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1024, 256, 64),
        min_length=1,
        description="Channels of the generator's attention blocks: the first is at the smallest "
        "feature maps, each further one at twice their size. Multiples of 4 and of heads.",
    )
    discriminator_channels: int = Field(
        256,
        ge=1,
        description="Channels of the discriminator's attention block, a multiple of heads; each "
        "earlier block has half as many as the next.",
    )
    latent_dim: int = Field(128, ge=1, description="Length of the latent vector (standard normal).")
    heads: int = Field(4, ge=1, description="Heads of each attention layer.")
    hidden_channels: int = Field(
        512, ge=1, description="Channels of the hidden layer of each block's MLP."
    )
    head: Literal["shuffle", "conv"] = Field(
        "shuffle",
        description="How feature maps become larger after the last attention block: by one pixel "
        "shuffle, or by a convolution of 32, 16, 8 ... channels for each doubling.",
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="Normalization of the discriminator's convolutions: batch in the paper; auto "
        "is layer if the loss or a regularizer such as r1 needs independent scores, else batch.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Morales-Juarez & Fuentes-Pineda 2024."""
    return [
        ArchitectureSpec(
            name="ladagan",
            summary="LadaGAN: linear additive attention, for images of any size that can be halved "
            "to 8 to 15 pixels.",
            factory="ganzoo_ladagan.networks:build",
            options=LadaganOptions,
            conditions=("class", "classes", "vector"),
            reference="Morales-Juarez & Fuentes-Pineda 2024, arXiv 2401.09596; conditional: Miyato "
            "& Koyama 2018, arXiv 1802.05637",
            recommends={
                "augment.diffaugment.policy": ["color", "translation"],
                # The authors' weight is 0.0001, without the factor 1 / 2.
                "regularize.r1.gamma": 2e-4,
                "train.batch_size": 128,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.5, 0.99],
                "train.discriminator.steps": 1,
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.5, 0.99],
                "train.ema.decay": 0.999,
            },
        )
    ]


@hookimpl
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """The paper's training on CIFAR-10, and narrow networks for two processor cores."""
    yield RecipeSpec(
        name="ladagan-paper",
        summary="CIFAR-10 by the networks and the training of LadaGAN.",
        settings="ganzoo_ladagan/paper.toml",
        reference="Morales-Juarez & Fuentes-Pineda 2024, arXiv 2401.09596",
        expects="Fréchet distance 3.29 in the paper after 68 million images, "
        "less than 40 hours on one GPU.",
    )
    yield RecipeSpec(
        name="ladagan-small",
        summary="Narrow networks of LadaGAN for some thousand images of 32 x 32 pixels.",
        settings="ganzoo_ladagan/small.toml",
        reference="Morales-Juarez & Fuentes-Pineda 2024, arXiv 2401.09596, with fewer channels",
        expects="Patches in the colors of the images appear within some hundred steps.",
    )

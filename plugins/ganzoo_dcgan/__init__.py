"""Deep convolutional generator and discriminator."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, RecipeSpec, hookimpl


class DcganOptions(Options):
    """Width and layers of both networks."""

    base_channels: int = Field(
        64,
        ge=1,
        description="Channels of the largest feature maps; each halving of the size doubles "
        "them, up to 8 x base_channels.",
    )
    latent_dim: int = Field(
        100,
        ge=1,
        description="Length of the latent vector (standard normal; uniform in the paper).",
    )
    kernel_size: Literal[4, 5] = Field(
        4, description="Kernel size of all convolutions: 5 in the authors' code, 4 in most others."
    )
    head: Literal["conv", "dense"] = Field(
        "conv",
        description="The discriminator's last layer: a convolution as large as the feature maps or "
        "a dense layer; both compute the same function.",
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="Normalization of the discriminator; auto is batch, or layer if the loss "
        "needs independent scores, as a gradient penalty does.",
    )
    bias: bool = Field(
        True,
        description="Biases in the first and last layers, which have no norm; the DCGAN of "
        "PyTorch's examples has none.",
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout probability for the discriminator's input."
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Radford et al. 2015."""
    return [
        ArchitectureSpec(
            name="dcgan",
            summary="DCGAN: strided convolutions.",
            factory="ganzoo_dcgan.networks:build",
            options=DcganOptions,
            conditions=("class", "classes", "vector"),
            reference="Radford et al. 2015, arXiv 1511.06434; conditional: Mirza & Osindero 2014, "
            "arXiv 1411.1784",
        )
    ]


@hookimpl
def ganzoo_recipes() -> list[RecipeSpec]:
    """One for a few minutes on a CPU."""
    return [
        RecipeSpec(
            name="dcgan-small",
            summary="Images of 32 x 32 pixels by a narrow DCGAN with small batches, for a CPU.",
            settings="ganzoo_dcgan/small.toml",
            reference="Radford et al. 2015, arXiv 1511.06434, with half the channels, and batches "
            "of 16 instead of 128",
            expects="Flowers can be recognized within 100,000 images, four minutes on one core. "
            "After five minutes on photographs of flowers, kid was 0.61; with the default width "
            "and batch size it was 1.14.",
        )
    ]

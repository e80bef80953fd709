"""Generator and discriminator of convolutions alone, fed with noise in the picture's shape."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import Architecture, Options, hookimpl


class FullyConvolutionalOptions(Options):
    """The size and the fittings of the two networks."""

    channels: int = Field(
        64,
        ge=1,
        description="Width of the largest feature maps; each halving doubles it, up to eightfold.",
    )
    depth: int | None = Field(
        None,
        ge=1,
        le=10,
        description="How often height and width are halved; by default until 4 to 7 pixels of the "
        "shorter side are left.",
    )
    blocks: int = Field(
        2, ge=0, description="Residual blocks in the generator, where its maps are smallest."
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="The discriminator's normalisation; auto is batch, or layer where the loss "
        "needs each picture scored on its own.",
    )
    conditional: bool = Field(False, description="Whether both networks are told the labels.")


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """An hourglass of residual blocks, and a critic with two convolutions at each scale."""
    return [
        Architecture(
            name="fully-convolutional",
            summary="Noise in the picture's shape, convolutions alone: sides halve to 4 to 7.",
            factory="ganzoo_fully_convolutional.networks:build",
            options=FullyConvolutionalOptions,
            reference="A field of noise: Jetchev et al. 2016, arXiv 1611.08207; the hourglass: "
            "Johnson et al. 2016, arXiv 1603.08155; conditional: Mirza & Osindero 2014, "
            "arXiv 1411.1784",
        )
    ]

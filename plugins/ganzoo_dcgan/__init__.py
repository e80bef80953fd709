"""Deep convolutional generator and discriminator."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import Architecture, Options, hookimpl


class DcganOptions(Options):
    """The size and the fittings of the two networks."""

    channels: int = Field(
        64,
        ge=1,
        description="Width of the largest feature maps; each halving doubles it, up to eightfold.",
    )
    latents: int = Field(
        100, ge=1, description="How many normal latents a picture is made from (paper: uniform)."
    )
    kernel: Literal[4, 5] = Field(
        4, description="Side of the filters: 5 in the authors' code, 4 in most others."
    )
    head: Literal["conv", "dense"] = Field(
        "conv",
        description="The critic's last layer, one 4 x 4 filter or a dense one: the same function.",
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="The discriminator's normalisation; auto is batch, or layer where the loss "
        "needs each picture scored on its own.",
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of the discriminator's input that is dropped."
    )
    conditional: bool = Field(False, description="Whether both networks are told the labels.")


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """The networks of Radford et al."""
    return [
        Architecture(
            name="dcgan",
            summary="Strided convolutions: square pictures of 8 to 256 pixels.",
            factory="ganzoo_dcgan.networks:build",
            options=DcganOptions,
            reference="Radford et al. 2015, arXiv 1511.06434; conditional: Mirza & Osindero 2014, "
            "arXiv 1411.1784",
        )
    ]

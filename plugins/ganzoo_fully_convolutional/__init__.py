"""Fully convolutional generator and discriminator; the latents have the image's shape."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, hookimpl


class FullyConvolutionalOptions(Options):
    """Width and layers of both networks."""

    base_channels: int = Field(
        64,
        ge=1,
        description="Channels of the largest feature maps; each halving of the size doubles "
        "them, up to 8 x base_channels.",
    )
    depth: int | None = Field(
        None,
        ge=1,
        le=10,
        description="How many times height and width are halved; by default until a half would not "
        "be a whole number of pixels or less than 4.",
    )
    blocks: int = Field(
        2, ge=0, description="Residual blocks of the generator, at its smallest feature maps."
    )
    norm: Literal["auto", "batch", "layer", "none"] = Field(
        "auto",
        description="Normalization of the discriminator; auto is batch, or layer if the loss "
        "needs independent scores, as a gradient penalty does.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """An encoder-decoder with residual blocks; a discriminator with two convolutions per scale."""
    return [
        ArchitectureSpec(
            name="fully-convolutional",
            summary="Fully convolutional encoder-decoder whose latents have the image's shape.",
            factory="ganzoo_fully_convolutional.networks:build",
            options=FullyConvolutionalOptions,
            conditions=("class", "classes", "vector"),
            reference="Latents of the image's shape: Jetchev et al. 2016, arXiv 1611.08207; "
            "encoder-decoder: Johnson et al. 2016, arXiv 1603.08155; conditional: Mirza & Osindero "
            "2014, arXiv 1411.1784",
        )
    ]

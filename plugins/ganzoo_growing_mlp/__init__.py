"""Fully connected generator and discriminator that grow from small pictures to large ones."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Architecture, Options, hookimpl


class GrowingMlpOptions(Options):
    """The size and the fittings of the two networks."""

    width: int = Field(
        128,
        ge=1,
        description="Units in the first hidden layer; each further one has twice as many.",
    )
    max_width: int = Field(1024, ge=1, description="Units in a hidden layer, at most.")
    latents: int = Field(100, ge=1, description="How many normal latents a picture is made from.")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of the discriminator's hidden units that is dropped."
    )
    conditional: bool = Field(False, description="Whether both networks are told the labels.")


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """The networks of Goodfellow et al., grown as Karras et al. grew theirs."""
    return [
        Architecture(
            name="growing-mlp",
            summary="Fully connected layers for small pictures of any shape, grown layer by layer.",
            factory="ganzoo_growing_mlp.networks:build",
            options=GrowingMlpOptions,
            grows=True,
            reference="Goodfellow et al. 2014, arXiv 1406.2661; growth: Karras et al. 2017, arXiv "
            "1710.10196; conditional: Mirza & Osindero 2014, arXiv 1411.1784",
            # Dense layers learn small pictures fast: one pass over MNIST's 60,000 fades a layer
            # in, one more settles it, and the largest has what is left of twenty.
            recommends={
                "growth.fade_images": 60_000,
                "growth.stable_images": 60_000,
                "train.images": 1_200_000,
            },
        )
    ]

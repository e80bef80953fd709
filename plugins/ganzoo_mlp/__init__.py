"""Fully connected generator and discriminator, for pictures of any size and shape."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Architecture, Options, hookimpl


class MlpOptions(Options):
    """The size and the fittings of the two networks."""

    width: int = Field(512, ge=1, description="Units in each hidden layer.")
    layers: int = Field(3, ge=1, description="Hidden layers in each network.")
    latents: int = Field(100, ge=1, description="How many normal latents a picture is made from.")
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the discriminator's hidden units that is dropped (paper: some).",
    )
    conditional: bool = Field(False, description="Whether both networks are told the labels.")


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """The networks of Goodfellow et al., with today's activations."""
    return [
        Architecture(
            name="mlp",
            summary="Fully connected layers: small pictures of any size and shape.",
            factory="ganzoo_mlp.networks:build",
            options=MlpOptions,
            reference="Goodfellow et al. 2014, arXiv 1406.2661; conditional: Mirza & Osindero "
            "2014, arXiv 1411.1784",
        )
    ]

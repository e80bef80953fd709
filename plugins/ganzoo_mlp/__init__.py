"""Fully connected generator and discriminator, for images of any size and shape."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, hookimpl


class MlpOptions(Options):
    """Width and layers of both networks."""

    width: int = Field(512, ge=1, description="Units in each hidden layer.")
    layers: int = Field(3, ge=1, description="Hidden layers in each network.")
    latent_dim: int = Field(100, ge=1, description="Length of the latent vector (standard normal).")
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Dropout probability for the discriminator's hidden units.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """Networks as in Goodfellow et al. 2014, with ReLU and LeakyReLU."""
    return [
        ArchitectureSpec(
            name="mlp",
            summary="Fully connected generator and discriminator, for small images of any shape.",
            factory="ganzoo_mlp.networks:build",
            options=MlpOptions,
            conditions=("class", "classes", "vector"),
            reference="Goodfellow et al. 2014, arXiv 1406.2661; conditional: Mirza & Osindero "
            "2014, arXiv 1411.1784",
        )
    ]

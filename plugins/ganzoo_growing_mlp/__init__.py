"""Fully connected generator and discriminator that grow progressively."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, hookimpl


class GrowingMlpOptions(Options):
    """Width and layers of both networks."""

    width: int = Field(
        128,
        ge=1,
        description="Units of the first stage's hidden layer; each later stage has twice as many.",
    )
    max_width: int = Field(1024, ge=1, description="Largest number of units of a hidden layer.")
    latent_dim: int = Field(100, ge=1, description="Length of the latent vector (standard normal).")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Dropout probability for the discriminator's hidden units."
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """Networks as in Goodfellow et al. 2014 that grow as in Karras et al. 2017."""
    return [
        ArchitectureSpec(
            name="growing-mlp",
            summary="Fully connected networks that grow layer by layer, for small images.",
            factory="ganzoo_growing_mlp.networks:build",
            options=GrowingMlpOptions,
            conditions=("class", "classes", "vector"),
            grows=True,
            reference="Goodfellow et al. 2014, arXiv 1406.2661; growth: Karras et al. 2017, arXiv "
            "1710.10196; conditional: Mirza & Osindero 2014, arXiv 1411.1784",
            # For MNIST: one epoch to fade in a stage and one to train it, then the full resolution
            # for the rest of 20 epochs.
            recommends={
                "growth.fade_images": 60_000,
                "growth.stable_images": 60_000,
                "train.images": 1_200_000,
            },
        )
    ]

"""Convolutional generator and discriminator that grow progressively (ProGAN)."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ArchitectureSpec, Options, hookimpl


class ProgressiveOptions(Options):
    """Width and layers of both networks."""

    max_channels: int = Field(512, ge=1, description="Largest number of channels of a layer.")
    channel_base: int = Field(
        8192,
        ge=512,
        description="Channels at stage k = 1, 2, ...: channel_base / 2^k, at most max_channels.",
    )
    latent_dim: int = Field(512, ge=1, description="Length of the latent vector (standard normal).")
    mbstd_group_size: int = Field(
        4,
        ge=1,
        description="Images in a group of the minibatch standard deviation layer; 1 removes the "
        "layer.",
    )


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """The networks of Karras et al. 2017."""
    return [
        ArchitectureSpec(
            name="progressive",
            summary="Progressively grown convolutions (ProGAN).",
            factory="ganzoo_progressive.networks:build",
            options=ProgressiveOptions,
            conditions=("class", "classes", "vector"),
            grows=True,
            reference="Karras et al. 2017, arXiv 1710.10196; conditional: Miyato & Koyama 2018, "
            "arXiv 1802.05637",
            # The batch sizes are the largest with which the paper's networks fit on one GPU.
            recommends={
                "growth.fade_images": 600_000,
                "growth.stable_images": 600_000,
                "growth.batch_size.32": 64,
                "growth.batch_size.64": 32,
                "growth.batch_size.128": 16,
                "growth.batch_size.256": 8,
                "growth.batch_size.512": 4,
                "growth.lr_factor.1024": 1.5,
                "train.images": 12_000_000,
                "train.batch_size": 128,
                "train.discriminator.steps": 1,
                "train.generator.lr": 1e-3,
                "train.generator.betas": [0.0, 0.99],
                "train.discriminator.lr": 1e-3,
                "train.discriminator.betas": [0.0, 0.99],
                "train.ema.decay": 0.999,
            },
        )
    ]

"""Convolutional generator and discriminator that grow from small pictures to large ones."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Architecture, Options, hookimpl


class ProgressiveOptions(Options):
    """The size and the fittings of the two networks."""

    channels: int = Field(512, ge=1, description="Feature maps, at most.")
    base: int = Field(
        8192,
        ge=512,
        description="What the feature maps are counted from: a half at the smallest pictures, a "
        "quarter at the next, ..., wherever that is no more than channels.",
    )
    latents: int = Field(512, ge=1, description="How many normal latents a picture is made from.")
    group: int = Field(
        4,
        ge=1,
        description="Pictures that the critic compares by their standard deviation, at most; with "
        "1 each is scored on its own.",
    )
    conditional: bool = Field(False, description="Whether both networks are told the labels.")


@hookimpl
def ganzoo_architectures() -> list[Architecture]:
    """The networks of Karras et al."""
    return [
        Architecture(
            name="progressive",
            summary="Convolutions for square pictures of 4 to 1024 pixels, grown layer by layer.",
            factory="ganzoo_progressive.networks:build",
            options=ProgressiveOptions,
            grows=True,
            reference="Karras et al. 2017, arXiv 1710.10196; conditional: Miyato & Koyama 2018, "
            "arXiv 1802.05637",
            # Batches are the largest that the authors' networks leave room for on one GPU.
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
                "train.critic_steps": 1,
                "train.generator.lr": 1e-3,
                "train.generator.betas": [0.0, 0.99],
                "train.discriminator.lr": 1e-3,
                "train.discriminator.betas": [0.0, 0.99],
                "train.ema.decay": 0.999,
            },
        )
    ]

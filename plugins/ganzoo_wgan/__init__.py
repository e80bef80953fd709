"""Wasserstein loss with weight clipping."""

from __future__ import annotations

from pydantic import Field

from ganzoo import LossSpec, Options, hookimpl


class WganOptions(Options):
    """The bound of the weights."""

    clip: float = Field(
        0.01,
        gt=0,
        description="The discriminator's weights are clipped to [-clip, clip] after each update.",
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The loss of Arjovsky et al. 2017."""
    return [
        LossSpec(
            name="wgan",
            summary="Wasserstein loss with weight clipping (WGAN).",
            factory="ganzoo_wgan.losses:Wgan",
            options=WganOptions,
            reference="Arjovsky et al. 2017, arXiv 1701.07875, Algorithm 1",
            recommends={
                "train.discriminator.steps": 5,
                "train.batch_size": 64,
                "train.generator.optimizer": "rmsprop",
                "train.generator.lr": 5e-5,
                "train.discriminator.optimizer": "rmsprop",
                "train.discriminator.lr": 5e-5,
            },
        )
    ]

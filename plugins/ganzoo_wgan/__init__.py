"""The Wasserstein loss whose critic is kept smooth by clipping its weights."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Loss, Options, hookimpl


class WganOptions(Options):
    """How far the critic's weights may go."""

    clip: float = Field(
        0.01, gt=0, description="The critic's weights are kept between -clip and clip."
    )


@hookimpl
def ganzoo_losses() -> list[Loss]:
    """The Wasserstein loss of Arjovsky et al."""
    return [
        Loss(
            name="wgan",
            summary="The Wasserstein distance, by a critic with clipped weights.",
            factory="ganzoo_wgan.losses:Wgan",
            options=WganOptions,
            reference="Arjovsky et al. 2017, arXiv 1701.07875",
            recommends={
                "train.critic_steps": 5,
                "train.batch_size": 64,
                "train.generator.optimizer": "rmsprop",
                "train.generator.lr": 5e-5,
                "train.discriminator.optimizer": "rmsprop",
                "train.discriminator.lr": 5e-5,
            },
        )
    ]

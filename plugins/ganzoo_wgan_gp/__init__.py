"""The Wasserstein loss whose critic is kept smooth by a penalty on its gradient."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Loss, Options, hookimpl


class WganGpOptions(Options):
    """The weights of what is added to the Wasserstein distance."""

    gp_weight: float = Field(
        10.0, ge=0, description="The weight of the gradient penalty, lambda in the paper."
    )
    drift: float = Field(
        0.001,
        ge=0,
        description="The weight that keeps real scores near zero, as in Karras et al. 2017.",
    )


@hookimpl
def ganzoo_losses() -> list[Loss]:
    """The Wasserstein loss of Gulrajani et al."""
    return [
        Loss(
            name="wgan-gp",
            summary="The Wasserstein distance, by a critic with a gradient penalty.",
            factory="ganzoo_wgan_gp.losses:WganGp",
            options=WganGpOptions,
            reference="Gulrajani et al. 2017, arXiv 1704.00028; drift: Karras et al. 2017, "
            "arXiv 1710.10196",
            # The paper's for 32 pixels; its Algorithm 1 has half the learning rate.
            recommends={
                "train.critic_steps": 5,
                "train.batch_size": 64,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.9],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.9],
            },
        )
    ]

"""Wasserstein loss with gradient penalty."""

from __future__ import annotations

from pydantic import Field

from ganzoo import LossSpec, Options, hookimpl


class WganGpOptions(Options):
    """The weight of the drift; the gradient penalty is the regularizer ``gradient-penalty``."""

    drift: float = Field(
        0.001,
        ge=0,
        description="Weight of the mean squared score of real images, which keeps scores near 0; "
        "epsilon_drift in the paper.",
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The loss of Gulrajani et al. 2017."""
    return [
        LossSpec(
            name="wgan-gp",
            summary="Wasserstein loss with gradient penalty (WGAN-GP).",
            factory="ganzoo_wgan_gp.losses:WganGp",
            options=WganGpOptions,
            reference="Gulrajani et al. 2017, arXiv 1704.00028, equation 3; drift: Karras et al. "
            "2017, arXiv 1710.10196, appendix A.1",
            # The paper's values for 32 x 32 pixels; its Algorithm 1 has lr=1e-4.
            recommends={
                "regularize.gradient-penalty": {},
                "train.discriminator.steps": 5,
                "train.batch_size": 64,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.9],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.9],
            },
        )
    ]

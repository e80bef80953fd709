"""Wasserstein loss with gradient penalty."""

from __future__ import annotations

from ganzoo import LossSpec, hookimpl


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The loss of Gulrajani et al. 2017."""
    return [
        LossSpec(
            name="wgan-gp",
            summary="Wasserstein loss with gradient penalty (WGAN-GP).",
            factory="ganzoo_wgan_gp.losses:WganGp",
            reference="Gulrajani et al. 2017, arXiv 1704.00028, equation 3; drift: Karras et al. "
            "2017, arXiv 1710.10196, appendix A.1",
            # The paper's values for 32 x 32 pixels; its Algorithm 1 has lr=1e-4, and no drift.
            recommends={
                "regularize.gradient-penalty": {},
                "regularize.drift": {},
                "train.discriminator.steps": 5,
                "train.batch_size": 64,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.9],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.9],
            },
        )
    ]

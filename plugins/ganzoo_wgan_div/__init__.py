"""Wasserstein divergence loss."""

from __future__ import annotations

from ganzoo import LossSpec, hookimpl


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The loss of Wu et al. 2018."""
    return [
        LossSpec(
            name="wgan-div",
            summary="Wasserstein divergence loss (WGAN-div); its penalty is the regularizer "
            "divergence-penalty.",
            factory="ganzoo_wgan_div.losses:WganDiv",
            reference="Wu et al. 2018, arXiv 1712.01026",
            # The penalty is the paper's; the training settings are those of wgan-gp.
            recommends={
                "regularize.divergence-penalty": {},
                "train.discriminator.steps": 5,
                "train.batch_size": 64,
                "train.generator.lr": 2e-4,
                "train.generator.betas": [0.0, 0.9],
                "train.discriminator.lr": 2e-4,
                "train.discriminator.betas": [0.0, 0.9],
            },
        )
    ]

"""Adversarial losses: minimax, non-saturating, least squares and hinge."""

from __future__ import annotations

from pydantic import Field

from ganzoo import LossSpec, Options, hookimpl


class LeastSquaresOptions(Options):
    """The target scores, named as in the paper."""

    a: float = Field(
        0.0, ge=-10, le=10, description="The discriminator's target for scores of generated images."
    )
    b: float = Field(
        1.0, ge=-10, le=10, description="The discriminator's target for scores of real images."
    )
    c: float = Field(
        1.0,
        ge=-10,
        le=10,
        description="The generator's target for scores of generated images.",
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The four adversarial losses."""
    return [
        LossSpec(
            name="minimax",
            summary="Minimax loss of Goodfellow et al. 2014; its generator gradient vanishes "
            "when the discriminator rejects generated images with confidence.",
            factory="ganzoo_adversarial.losses:Minimax",
            reference="Goodfellow et al. 2014, arXiv 1406.2661, equation 1",
        ),
        LossSpec(
            name="non-saturating",
            summary="Non-saturating loss of Goodfellow et al. 2014; its generator gradient stays "
            "large when the discriminator rejects generated images with confidence.",
            factory="ganzoo_adversarial.losses:NonSaturating",
            reference="Goodfellow et al. 2014, arXiv 1406.2661, section 3",
        ),
        LossSpec(
            name="lsgan",
            summary="Least squares loss (LSGAN): squared differences of scores and targets.",
            factory="ganzoo_adversarial.losses:LeastSquares",
            options=LeastSquaresOptions,
            reference="Mao et al. 2016, arXiv 1611.04076, equation 2",
        ),
        LossSpec(
            name="hinge",
            summary="Hinge loss: the discriminator's scores have a margin of 1.",
            factory="ganzoo_adversarial.losses:Hinge",
            reference="Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, "
            "equations 16 and 17",
        ),
    ]

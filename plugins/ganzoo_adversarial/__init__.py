"""Adversarial losses: minimax, non-saturating, least squares, hinge, and losses of pairs."""

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


class DualContrastiveOptions(Options):
    """What the generator maximizes."""

    minimax: bool = Field(
        False,
        description="Whether the generator minimizes what the discriminator maximizes, as the "
        "paper writes it; its gradient vanishes when the discriminator is confident.",
    )


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """Four losses of single scores, and two that compare real and generated images."""
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
        LossSpec(
            name="relativistic",
            summary="Relativistic pairing loss (RpGAN): a real image should have a higher score "
            "than the generated image that it is paired with.",
            factory="ganzoo_adversarial.losses:Relativistic",
            reference="Jolicoeur-Martineau 2018, arXiv 1807.00734; Huang et al. 2024, arXiv "
            "2501.05441",
        ),
        LossSpec(
            name="dual-contrastive",
            summary="Dual contrastive loss: each real image against all generated images of the "
            "batch, and each generated image against all real ones.",
            factory="ganzoo_adversarial.dual_contrastive:DualContrastive",
            options=DualContrastiveOptions,
            reference="Yu et al. 2021, arXiv 2103.09742",
        ),
    ]

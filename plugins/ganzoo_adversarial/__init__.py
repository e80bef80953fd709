"""The losses whose discriminator tells real pictures from generated ones, one by one."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Loss, Options, hookimpl


class LeastSquaresOptions(Options):
    """The scores that least squares aim at, by the letters of the paper."""

    a: float = Field(
        0.0, ge=-10, le=10, description="The score the discriminator aims at on generated pictures."
    )
    b: float = Field(
        1.0, ge=-10, le=10, description="The score the discriminator aims at on real pictures."
    )
    c: float = Field(
        1.0, ge=-10, le=10, description="The score the generator wants for its pictures."
    )


@hookimpl
def ganzoo_losses() -> list[Loss]:
    """Minimax, non-saturating, least squares, hinge."""
    return [
        Loss(
            name="minimax",
            summary="The game as first written: its generator learns little while it loses.",
            factory="ganzoo_adversarial.losses:Minimax",
            reference="Goodfellow et al. 2014, arXiv 1406.2661, equation 1",
        ),
        Loss(
            name="non-saturating",
            summary="The game as first played: its generator learns most while it loses.",
            factory="ganzoo_adversarial.losses:NonSaturating",
            reference="Goodfellow et al. 2014, arXiv 1406.2661, section 3",
        ),
        Loss(
            name="lsgan",
            summary="Scores drawn to fixed targets by least squares.",
            factory="ganzoo_adversarial.losses:LeastSquares",
            options=LeastSquaresOptions,
            reference="Mao et al. 2016, arXiv 1611.04076",
        ),
        Loss(
            name="hinge",
            summary="Scores pushed apart until a margin lies between them.",
            factory="ganzoo_adversarial.losses:Hinge",
            reference="Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957",
        ),
    ]

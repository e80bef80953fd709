"""Penalties that can be combined with any loss, such as r1, r2 and gradient-penalty."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Options, RegularizerSpec, hookimpl

_PENALTIES = "ganzoo_regularizers.penalties"
_R1 = "Mescheder et al. 2018, arXiv 1801.04406, equation 9"


class IntervalOptions(Options):
    """How often a penalty is used."""

    every: int = Field(
        1,
        ge=1,
        le=1000,
        description="Steps from one use to the next; with more than 1, the penalty weighs that "
        "many times as much, in an update of its own.",
    )


class GammaOptions(IntervalOptions):
    """The weight of a squared norm of a gradient."""

    gamma: float = Field(
        10.0,
        ge=0,
        le=100_000,
        description="Weight: the penalty is gamma / 2 times the squared norm of the gradient.",
    )


class GradientPenaltyOptions(IntervalOptions):
    """The weight of the gradient penalty."""

    weight: float = Field(
        10.0, ge=0, le=100_000, description="Weight of the penalty; lambda in the paper."
    )


class DivergencePenaltyOptions(IntervalOptions):
    """The weight and the power of the divergence penalty."""

    k: float = Field(2.0, ge=0, le=100_000, description="Weight of the penalty.")
    p: float = Field(6.0, ge=2, le=10, description="Power of the gradient's norm.")


class ApproximateOptions(IntervalOptions):
    """The weight and the noise of the approximate penalty."""

    weight: float = Field(
        100.0, ge=0, le=1_000_000, description="Weight of the penalty; lambda in the paper."
    )
    sigma: float = Field(
        0.01,
        gt=0,
        le=1,
        description="Standard deviation of the noise, for images in [-1, 1].",
    )


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """Penalties of the discriminator's gradient with respect to its images."""
    return [
        RegularizerSpec(
            name="r1",
            summary="R1: gamma / 2 times the squared norm of the gradient at real images.",
            factory=f"{_PENALTIES}:R1",
            options=GammaOptions,
            reference=f"{_R1}; every n steps: Karras et al. 2020, arXiv 1912.04958",
        ),
        RegularizerSpec(
            name="r2",
            summary="R2: gamma / 2 times the squared norm of the gradient at generated images.",
            factory=f"{_PENALTIES}:R2",
            options=GammaOptions,
            reference=_R1,
        ),
        RegularizerSpec(
            name="gradient-penalty",
            summary="The gradient's norm between real and generated images is pulled to 1.",
            factory=f"{_PENALTIES}:GradientPenalty",
            options=GradientPenaltyOptions,
            reference="Gulrajani et al. 2017, arXiv 1704.00028, equation 3",
        ),
        RegularizerSpec(
            name="divergence-penalty",
            summary="A power of the gradient's norm between real and generated images, as the "
            "Wasserstein divergence has it.",
            factory="ganzoo_regularizers.divergence:DivergencePenalty",
            options=DivergencePenaltyOptions,
            reference="Wu et al. 2018, arXiv 1712.01026, equation 8",
        ),
        RegularizerSpec(
            name="r1-approximate",
            summary="Approximate R1: squared difference of the scores of real images with and "
            "without noise; needs no second derivative.",
            factory=f"{_PENALTIES}:ApproximateR1",
            options=ApproximateOptions,
            reference="Lin et al. 2025, arXiv 2501.08316, section 3.4",
        ),
    ]

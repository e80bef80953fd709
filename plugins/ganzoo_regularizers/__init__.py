"""Penalties that can be combined with any loss: r1, r2, gradient-penalty, r1-approximate."""

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

    gamma: float | None = Field(
        None,
        ge=0,
        le=100_000,
        description="Weight: the penalty is gamma / 2 times the squared norm of the gradient. By "
        "default 0.0002 x width x height / batch size (Karras et al. 2020, arXiv 2006.06676).",
    )


class GradientPenaltyOptions(IntervalOptions):
    """The weight of the gradient penalty."""

    weight: float = Field(
        10.0, ge=0, le=100_000, description="Weight of the penalty; lambda in the paper."
    )


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
    """Four penalties of the discriminator's gradient with respect to its images."""
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
            name="r1-approximate",
            summary="Approximate R1: squared difference of the scores of real images with and "
            "without noise; needs no second derivative.",
            factory=f"{_PENALTIES}:ApproximateR1",
            options=ApproximateOptions,
            reference="Lin et al. 2025, arXiv 2501.08316, section 3.4",
        ),
    ]

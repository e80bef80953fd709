"""Regularizers that can be combined with any loss."""

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


class PathLengthOptions(Options):
    """Options of path length regularization."""

    weight: float = Field(2.0, ge=0, le=1e6, description="Weight of the regularization.")
    decay: float = Field(
        0.99, ge=0, lt=1, description="Decay of the moving mean of path lengths, per use."
    )
    shrink: int = Field(
        2, ge=1, le=64, description="Of each batch, one image of so many is used, to save time."
    )
    every: int = Field(4, ge=1, le=1000, description="Steps from one use to the next.")


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """Penalties of the discriminator's gradient, and path lengths of the generator."""
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
        RegularizerSpec(
            name="path-length",
            summary="Equal changes of the image for equal steps of the intermediate latents.",
            factory="ganzoo_regularizers.path_length:PathLength",
            options=PathLengthOptions,
            reference="Karras et al. 2020, arXiv 1912.04958, equation 4 and appendix B",
        ),
    ]

"""Regularizers that can be combined with any loss."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Options, RegularizerSpec, hookimpl

_PENALTIES = "ganzoo_regularizers.penalties"
_R1 = "Mescheder et al. 2018, arXiv 1801.04406, equation"


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


class ConsistencyOptions(IntervalOptions):
    """The weights of the consistency regularization, and its transformation of images."""

    real_weight: float = Field(
        10.0, ge=0, le=100_000, description="Weight for real images; lambda_real in the paper."
    )
    fake_weight: float = Field(
        10.0, ge=0, le=100_000, description="Weight for generated images; lambda_fake in the paper."
    )
    shift: int = Field(4, ge=0, description="Largest shift of an image, in pixels.")
    flip: bool = Field(True, description="Mirror half of the images horizontally.")


class LeCamOptions(Options):
    """The weight of the LeCam regularization, and its averages."""

    weight: float = Field(
        0.3,
        ge=0,
        le=100_000,
        description="Weight; lambda in the paper. It depends on the size of the scores: 0.3 suits "
        "the hinge loss, 3e-7 the networks of StyleGAN2.",
    )
    decay: float = Field(0.99, ge=0, lt=1, description="Decay of the moving averages per update.")


class DriftOptions(Options):
    """The weight of the drift."""

    weight: float = Field(
        0.001, ge=0, le=100_000, description="Weight of the drift; epsilon_drift in the paper."
    )


class MismatchOptions(Options):
    """The weight of real images with wrong conditions."""

    weight: float = Field(
        0.5,
        ge=0,
        le=100_000,
        description="Weight; 0.5 in the paper, where generated images have the other half.",
    )


class AuxiliaryOptions(Options):
    """The weights of the errors of estimated conditions."""

    weight: float = Field(
        1.0, ge=0, le=100_000, description="Weight of the error for real images, as in the paper."
    )
    generator_weight: float = Field(
        1.0,
        ge=0,
        le=100_000,
        description="Weight of the error for generated images; with a larger one, they show their "
        "condition more clearly, and are less diverse.",
    )


class PathLengthOptions(Options):
    """Options of path length regularization."""

    weight: float = Field(2.0, ge=0, le=1e6, description="Weight of the regularization.")
    decay: float = Field(
        0.99, ge=0, lt=1, description="Decay of the moving mean of path lengths, per use."
    )
    shrink: int = Field(
        2, ge=1, le=64, description="One in so many images of a batch is used, to save time."
    )
    every: int = Field(4, ge=1, le=1000, description="Steps from one use to the next.")


@hookimpl
def ganzoo_regularizers() -> list[RegularizerSpec]:
    """Penalties of gradients, regularizers of scores, and path lengths of the generator."""
    return [
        RegularizerSpec(
            name="r1",
            summary="R1: gamma / 2 times the squared norm of the gradient at real images.",
            factory=f"{_PENALTIES}:R1",
            options=GammaOptions,
            reference=f"{_R1} 9; every n steps: Karras et al. 2020, arXiv 1912.04958",
        ),
        RegularizerSpec(
            name="r2",
            summary="R2: gamma / 2 times the squared norm of the gradient at generated images.",
            factory=f"{_PENALTIES}:R2",
            options=GammaOptions,
            reference=f"{_R1} 10",
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
            factory=f"{_PENALTIES}:DivergencePenalty",
            options=DivergencePenaltyOptions,
            reference="Wu et al. 2018, arXiv 1712.01026",
        ),
        RegularizerSpec(
            name="dragan",
            summary="The gradient's norm near real images is pulled to 1.",
            factory=f"{_PENALTIES}:Dragan",
            options=GradientPenaltyOptions,
            reference="Kodali et al. 2017, arXiv 1705.07215, with the noise of the authors' code",
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
            name="consistency",
            summary="An image and its mirrored or shifted copy get similar scores (bCR).",
            factory="ganzoo_regularizers.consistency:Consistency",
            options=ConsistencyOptions,
            reference="Zhao et al. 2020, arXiv 2002.04724, Algorithm 1",
        ),
        RegularizerSpec(
            name="lecam",
            summary="LeCam: scores of real and generated images are pulled to each other's moving "
            "average; for few images.",
            factory="ganzoo_regularizers.scores:LeCam",
            options=LeCamOptions,
            reference="Tseng et al. 2021, arXiv 2104.03310, equation 5; the authors' code squares "
            "only scores beyond the averages",
        ),
        RegularizerSpec(
            name="drift",
            summary="The mean squared score of real images keeps the scores near 0.",
            factory="ganzoo_regularizers.scores:Drift",
            options=DriftOptions,
            reference="Karras et al. 2017, arXiv 1710.10196, appendix A.1",
        ),
        RegularizerSpec(
            name="mismatch",
            summary="Real images with the condition of another image get low scores (GAN-CLS); for "
            "conditional networks.",
            factory="ganzoo_regularizers.mismatch:Mismatch",
            options=MismatchOptions,
            reference="Reed et al. 2016, arXiv 1605.05396, Algorithm 1",
        ),
        RegularizerSpec(
            name="auxiliary-classifier",
            summary="The discriminator estimates the condition of images (AC-GAN), a class or "
            "values; for conditional networks.",
            factory="ganzoo_regularizers.auxiliary:AuxiliaryClassifier",
            options=AuxiliaryOptions,
            reference="Odena et al. 2017, arXiv 1610.09585, section 3",
        ),
        RegularizerSpec(
            name="path-length",
            summary="Equal changes of the image for equal steps of the intermediate latents.",
            factory="ganzoo_regularizers.path_length:PathLength",
            options=PathLengthOptions,
            reference="Karras et al. 2020, arXiv 1912.04958, equation 4 and appendix B",
        ),
    ]

"""Metrics that compare generated images with real ones by features of both."""

from __future__ import annotations

from pydantic import Field

from ganzoo import MetricSpec, Options, hookimpl


class KernelOptions(Options):
    """Subsets, by which the literature calculates it, beside the estimate from all images."""

    subsets: int = Field(
        0,
        ge=0,
        le=10_000,
        description="How many subsets to draw for their mean and spread; the literature has 100.",
    )
    subset_size: int = Field(
        1000,
        ge=2,
        le=100_000,
        description="Images in a subset, if there are so many real and generated ones.",
    )


class PrdcOptions(Options):
    """How near is near."""

    k: int = Field(
        5, ge=1, le=1000, description="The neighbor that an image's neighborhood reaches to."
    )


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """Distances between distributions, fidelity and diversity apart, and copies."""
    return [
        MetricSpec(
            name="fd",
            summary="Fréchet distance between the features: FID, if they are those of Inception.",
            factory="ganzoo_feature_metrics.frechet:FrechetDistance",
            reference="Heusel et al. 2017, arXiv 1706.08500",
        ),
        MetricSpec(
            name="kid",
            summary="Kernel distance between the features: unbiased, so right for few images too.",
            factory="ganzoo_feature_metrics.kernel:KernelDistance",
            options=KernelOptions,
            reference="Bińkowski et al. 2018, arXiv 1801.01401",
        ),
        MetricSpec(
            name="prdc",
            summary="Precision, recall, density and coverage: fidelity and diversity apart.",
            factory="ganzoo_feature_metrics.prdc:Prdc",
            options=PrdcOptions,
            reference="Naeem et al. 2020, arXiv 2002.09797; Kynkäänniemi et al. 2019, "
            "arXiv 1904.06991",
            goal="high",
        ),
        MetricSpec(
            name="memorization",
            summary="Whether generated images are copies: nearer to real ones than those are to "
            "each other.",
            factory="ganzoo_feature_metrics.memorization:Memorization",
            goal="real",
        ),
    ]

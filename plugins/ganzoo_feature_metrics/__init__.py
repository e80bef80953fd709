"""Metrics that compare features of real and generated images."""

from __future__ import annotations

from pydantic import Field

from ganzoo import MetricSpec, Options, hookimpl


class KernelOptions(Options):
    """Estimates from subsets as in the paper, in addition to the estimate from all images."""

    subsets: int = Field(
        0,
        ge=0,
        le=10_000,
        description="The number of subsets for kid/subsets and kid/std; 100 in the paper.",
    )
    subset_size: int = Field(
        1000,
        ge=2,
        le=100_000,
        description="Images in a subset; at most the number of real or generated images.",
    )


class PrdcOptions(Options):
    """The size of neighborhoods."""

    k: int = Field(
        5,
        ge=1,
        le=1000,
        description="The radius of an image's neighborhood is the distance to its k-th neighbor.",
    )


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """Distances between distributions, fidelity and diversity, and memorization."""
    return [
        MetricSpec(
            name="fd",
            summary="Fréchet distance of the features; with the extractor inception it is the FID.",
            factory="ganzoo_feature_metrics.frechet:FrechetDistance",
            reference="Heusel et al. 2017, arXiv 1706.08500; Dowson & Landau 1982",
        ),
        MetricSpec(
            name="kid",
            summary="Kernel distance of the features, unbiased; with the extractor inception it is "
            "the KID.",
            factory="ganzoo_feature_metrics.kernel:KernelDistance",
            options=KernelOptions,
            # Its value does not depend on the number of images, as that of fd does.
            preference=1,
            reference="Bińkowski et al. 2018, arXiv 1801.01401",
        ),
        MetricSpec(
            name="prdc",
            summary="Precision and density (fidelity), recall and coverage (diversity).",
            factory="ganzoo_feature_metrics.prdc:Prdc",
            options=PrdcOptions,
            reference="Naeem et al. 2020, arXiv 2002.09797; Kynkäänniemi et al. 2019, "
            "arXiv 1904.06991",
            goal="high",
        ),
        MetricSpec(
            name="memorization",
            summary="How many generated images are nearly copies of real ones, by distances to the "
            "nearest real image.",
            factory="ganzoo_feature_metrics.memorization:Memorization",
            goal="real",
        ),
    ]

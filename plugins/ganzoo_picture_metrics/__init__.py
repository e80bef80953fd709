"""The metrics that compare pictures by their pixels, so that they need no feature extractor."""

from __future__ import annotations

from pydantic import Field

from ganzoo import Metric, Options, hookimpl


class SlicedWassersteinOptions(Options):
    """How much of the pictures is compared; both bound the time and the memory."""

    pictures: int = Field(
        8192,
        ge=1,
        le=65_536,
        description="The most pictures compared, real and generated each; the paper's is 16384.",
    )
    patches: int = Field(
        32,
        ge=1,
        le=1024,
        description="Neighbourhoods per picture at each level of detail; the paper's is 128.",
    )


@hookimpl
def ganzoo_metrics() -> list[Metric]:
    """Texture, diversity, colour."""
    return [
        Metric(
            name="swd",
            summary="How far patches of generated pictures are from real ones, by level of detail.",
            factory="ganzoo_picture_metrics.wasserstein:SlicedWasserstein",
            options=SlicedWassersteinOptions,
            reference="Karras et al. 2017, arXiv 1710.10196, section 5",
        ),
        Metric(
            name="ms-ssim",
            summary="How alike generated pictures are: above real ones' own, they have collapsed.",
            factory="ganzoo_picture_metrics.similarity:Similarity",
            reference="Wang et al. 2003; Odena et al. 2016, arXiv 1610.09585, section 4.2",
            goal="real",
        ),
        Metric(
            name="moments",
            summary="How far colours are from real ones, overall and by place in the picture.",
            factory="ganzoo_picture_metrics.moments:Moments",
        ),
    ]

"""The metrics that compare images by their pixels, so that they need no feature extractor."""

from __future__ import annotations

from pydantic import Field

from ganzoo import MetricSpec, Options, hookimpl


class SlicedWassersteinOptions(Options):
    """How much of the images is compared; both bound the time and the memory."""

    images: int = Field(
        8192,
        ge=1,
        le=65_536,
        description="The most images compared, real and generated each; the paper's is 16384.",
    )
    patches: int = Field(
        32,
        ge=1,
        le=1024,
        description="Neighborhoods per image at each level of detail; the paper's is 128.",
    )


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """Texture, diversity, color."""
    return [
        MetricSpec(
            name="swd",
            summary="How far patches of generated images are from real ones, by level of detail.",
            factory="ganzoo_image_metrics.wasserstein:SlicedWasserstein",
            options=SlicedWassersteinOptions,
            reference="Karras et al. 2017, arXiv 1710.10196, section 5",
        ),
        MetricSpec(
            name="ms-ssim",
            summary="How alike generated images are: above real ones' own, they have collapsed.",
            factory="ganzoo_image_metrics.similarity:Similarity",
            reference="Wang et al. 2003; Odena et al. 2016, arXiv 1610.09585, section 4.2",
            goal="real",
        ),
        MetricSpec(
            name="moments",
            summary="How far colors are from real ones, overall and by place in the image.",
            factory="ganzoo_image_metrics.moments:Moments",
        ),
    ]

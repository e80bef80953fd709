"""Metrics that compare the pixels of images, without a feature extractor."""

from __future__ import annotations

from pydantic import Field

from ganzoo import MetricSpec, Options, hookimpl


class SlicedWassersteinOptions(Options):
    """The number of images and patches; time and memory are proportional to both."""

    images: int = Field(
        8192,
        ge=1,
        le=65_536,
        description="The maximum number of real and of generated images; 16384 in the paper.",
    )
    patches: int = Field(
        32,
        ge=1,
        le=1024,
        description="Patches per image at each level of the Laplacian pyramid; 128 in the paper.",
    )


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """Metrics of texture, diversity and color."""
    return [
        MetricSpec(
            name="swd",
            summary="Sliced Wasserstein distance of patches, per level of a Laplacian pyramid.",
            factory="ganzoo_image_metrics.wasserstein:SlicedWasserstein",
            options=SlicedWassersteinOptions,
            reference="Karras et al. 2017, arXiv 1710.10196, section 5",
        ),
        MetricSpec(
            name="ms-ssim",
            summary="Multi-scale structural similarity of pairs of generated images; values above "
            "the baseline of real images are a sign of mode collapse.",
            factory="ganzoo_image_metrics.similarity:MsSsim",
            reference="Wang et al. 2003; Odena et al. 2017, arXiv 1610.09585, section 4.2",
            goal="real",
        ),
        MetricSpec(
            name="moments",
            summary="Differences of the mean, standard deviation and covariance of colors, and of "
            "their layout in the image.",
            factory="ganzoo_image_metrics.moments:Moments",
        ),
    ]

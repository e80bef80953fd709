from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import RequestError
from ganzoo.output.image_vectors import FeatureVectors, pixel_vectors, squared_distances
from ganzoo.testing.fixtures import TinyRun


def images(count: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(count, 3, 16, 16, generator=random) - 1


def test_the_distance_of_pixels_is_a_sum_over_scales() -> None:
    image = images(1)
    lighter = squared_distances(pixel_vectors(image + 0.5), pixel_vectors(image))
    assert lighter.item() == pytest.approx(3 * 0.25)  # 16, 8 and 4 pixels
    checks = torch.ones(1, 3, 16, 16)
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = -1
    finest_only = squared_distances(pixel_vectors(checks), pixel_vectors(0 * checks))
    assert finest_only.item() == pytest.approx(1)


def test_the_distance_of_features_is_the_mean_over_places_of_normalized_maps(
    tiny_run: TinyRun,
) -> None:
    vectors = FeatureVectors(tiny_run().run, "random")
    assert vectors.name == "random"
    found = vectors(images(2))
    assert found.square().sum(1).tolist() == pytest.approx([4, 4], rel=1e-4)  # one of each layer
    first, second = vectors._extractor.feature_maps(images(2))[0].double()
    cosines = torch.nn.functional.cosine_similarity(first, second, dim=0)
    layer = found[:, : first.numel()].double()
    assert squared_distances(layer[:1], layer[1:]).item() == pytest.approx(
        2 * (1 - cosines.mean()).item(), rel=1e-4
    )


def test_the_distance_of_features_has_a_gradient(tiny_run: TinyRun) -> None:
    vectors = FeatureVectors(tiny_run().run, "random")
    image = images(1).requires_grad_()
    squared_distances(vectors(image), vectors(images(1, seed=1))).sum().backward()
    assert image.grad is not None
    assert (image.grad != 0).any()


def test_an_extractor_without_feature_maps_is_refused(tiny_run: TinyRun) -> None:
    with pytest.raises(RequestError, match="mean-colors has no feature_maps"):
        FeatureVectors(tiny_run().run, "mean-colors")

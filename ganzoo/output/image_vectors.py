"""Vectors of images whose squared Euclidean distance says how much two images differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

from ganzoo.contracts import FeatureMapExtractor, ImageShape
from ganzoo.errors import RequestError
from ganzoo.returned_values import require_feature_maps
from ganzoo.run import Run

ImageVectors = Callable[[Tensor], Tensor]
"""A differentiable function from images, float32 (N, C, H, W) in [-1, 1], to vectors (N, D)."""


def pixel_vectors(images: Tensor) -> Tensor:
    """The pixels at all scales, each half of the one before.

    The squared distance of two vectors is the sum of the mean squared differences of all scales.
    """
    scales = []
    for shape in ImageShape(*images.shape[1:]).halved_shapes():
        pixels = avg_pool2d(images, images.shape[3] // shape.width).flatten(1)
        scales.append(pixels / math.sqrt(pixels.shape[1]))
    return torch.cat(scales, dim=1)


class FeatureVectors:
    """The feature maps of an extractor, normalized at each place.

    The squared distance of two vectors is the mean squared difference of the maps, summed over
    the layers and the channels (Zhang et al. 2018, arXiv 1801.03924, equation 1 with w = 1).

    Raises RequestError if the extractor has no feature maps, or if none is installed.
    """

    def __init__(self, run: Run, name: str | None = None, device: str = "cpu") -> None:
        chosen = run.with_measures(name).extractor
        if chosen is None:
            raise RequestError("no feature extractor is installed: compare pixels instead")
        self.name = chosen.entry.component.name
        extractor: Any = chosen.build()
        if not isinstance(extractor, FeatureMapExtractor):
            raise RequestError(
                f"the extractor {self.name} has no feature_maps, which a distance of images needs: "
                "choose another one, or compare pixels"
            )
        if isinstance(extractor, torch.nn.Module):
            extractor.to(device)
        self._extractor = extractor
        self._code = chosen.entry.code

    def __call__(self, images: Tensor) -> Tensor:
        """The vectors, (N, D)."""
        with self._code:
            maps = self._extractor.feature_maps(images)
            require_feature_maps(maps, len(images), self._extractor)
        places = [each.shape[2] * each.shape[3] for each in maps]
        vectors = [
            normalize(each, dim=1, eps=1e-6).flatten(1) / math.sqrt(count)
            for each, count in zip(maps, places, strict=True)
        ]
        return torch.cat(vectors, dim=1)


def squared_distances(vectors: Tensor, target: Tensor) -> Tensor:
    """The squared distance of each vector (N, D) to the target (1, D), (N,)."""
    return (vectors - target).square().sum(1)

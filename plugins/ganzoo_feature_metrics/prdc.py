"""Precision, recall, density and coverage, from k-nearest-neighbor balls of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue
from ganzoo_feature_metrics import PrdcOptions
from ganzoo_feature_metrics.neighbors import knn_radii, pairwise_distances

_TOLERANCE = 1 + 1e-6
"""Radii are increased by the relative precision of float32, so that rounding does not matter."""


@dataclass(frozen=True)
class Prdc:
    """Four values; high is good. An image's neighborhood is the ball to its k-th nearest neighbor.

    Neighbors of a real image are real, neighbors of a generated image are generated.

    - "prdc/precision", 0 to 1: the fraction of generated images that are in the neighborhood of a
      real image.
    - "prdc/recall", 0 to 1: the fraction of real images that are in the neighborhood of a
      generated image.
    - "prdc/density", 0 or more, about 1 for equal distributions: the mean number of neighborhoods
      of real images that a generated image is in, divided by k.
    - "prdc/coverage", 0 to 1: the fraction of real images with a generated image in their
      neighborhood.

    Copies of the real images have high values of all four: see "memorization".
    """

    options: PrdcOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The four values."""
        values = prdc(real.features, fake.features, self.options.k)
        return {f"prdc/{name}": MetricValue(value, len(fake)) for name, value in values.items()}


def prdc(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """Precision and recall, density and coverage of features (N, D) and (M, D).

    Precision and recall: Kynkäänniemi et al. 2019, equations 1 and 2. Density and coverage: Naeem
    et al. 2020, section 3. All four count features on the boundary, distance <= radius. That is
    equation 1 of Kynkäänniemi et al.; the equations of Naeem et al. have membership in a ball
    B(x, r), and their published code has distance < radius. The results differ only for equal
    distances: with <, a copy of a real image that is k + 1 times in the dataset, whose radius is 0,
    would not be in its neighborhood. With k features or fewer, the radius is the distance to the
    farthest.
    """
    real_radii, fake_radii = (_TOLERANCE * knn_radii(features, k) for features in (real, fake))
    in_real = torch.zeros(len(fake), dtype=torch.bool)
    num_recalled, num_covered, num_within = 0, 0, 0
    for rows, block in pairwise_distances(real, fake):
        near_real = block <= real_radii[rows, None]
        in_real |= near_real.any(0)
        num_within += int(near_real.sum())
        num_covered += int(near_real.any(1).sum())
        num_recalled += int((block <= fake_radii).any(1).sum())
    expected = max(1, min(k, len(real) - 1)) * len(fake)
    return {
        "precision": in_real.double().mean().item(),
        "recall": num_recalled / len(real),
        "density": num_within / expected,
        "coverage": num_covered / len(real),
    }

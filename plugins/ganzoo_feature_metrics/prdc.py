"""Precision, recall, density and coverage, by neighborhoods of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue
from ganzoo_feature_metrics import PrdcOptions
from ganzoo_feature_metrics.neighbors import distances, radii

_SAME = 1 + 1e-6
"""Distances that float32 features do not tell apart count as equal: rounding decides nothing."""


@dataclass(frozen=True)
class Prdc:
    """Four numbers, high is good; an image's neighborhood reaches to its k-th nearest like it.

    - "prdc/precision", 0 to 1: generated images that lie in the neighborhood of a real one.
    - "prdc/recall", 0 to 1: real images that lie in the neighborhood of a generated one.
    - "prdc/density", 0 and more, about 1 if all is well: in how many neighborhoods of real
      images a generated one lies, of the k that are to be expected.
    - "prdc/coverage", 0 to 1: real images that have a generated one in their neighborhood.

    Copies of the real images do well in all four: see "memorization".
    """

    options: PrdcOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The four numbers."""
        shares = prdc(real.features, fake.features, self.options.k)
        return {f"prdc/{name}": MetricValue(value, len(fake)) for name, value in shares.items()}


def prdc(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """Precision and recall, density and coverage of features (N, D) and (M, D).

    Precision and recall: Kynkäänniemi et al. 2019, equations 1 and 2, whose neighborhoods include
    their boundary, ||phi - phi'|| <= ||phi' - NN_k(phi')||. Density and coverage: Naeem et al.
    2020, section 3, with B(x, r) the solid sphere, which includes its boundary, too. So a copy of
    an image lies in its neighborhood even if that has radius 0, since the image is there k times
    more. Where there are k images or fewer, neighborhoods reach to the farthest.
    """
    real_radii, fake_radii = (_SAME * radii(features, k) for features in (real, fake))
    precise = torch.zeros(len(fake), dtype=torch.bool)
    recalled, covered, within = 0, 0, 0
    for rows, block in distances(real, fake):
        near_real = block <= real_radii[rows, None]
        precise |= near_real.any(0)
        within += int(near_real.sum())
        covered += int(near_real.any(1).sum())
        recalled += int((block <= fake_radii).any(1).sum())
    expected = max(1, min(k, len(real) - 1)) * len(fake)
    return {
        "precision": precise.double().mean().item(),
        "recall": recalled / len(real),
        "density": within / expected,
        "coverage": covered / len(real),
    }

"""Precision, recall, density and coverage, by neighbourhoods of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import Measured, Sample
from ganzoo_feature_metrics import PrdcOptions
from ganzoo_feature_metrics.neighbours import distances, radii


@dataclass(frozen=True)
class Prdc:
    """Four numbers, high is good; a picture's neighbourhood reaches to its k-th nearest like it.

    - "prdc/precision", 0 to 1: generated pictures that lie in the neighbourhood of a real one.
    - "prdc/recall", 0 to 1: real pictures that lie in the neighbourhood of a generated one.
    - "prdc/density", 0 and more, about 1 if all is well: in how many neighbourhoods of real
      pictures a generated one lies, of the k that are to be expected.
    - "prdc/coverage", 0 to 1: real pictures that have a generated one in their neighbourhood.

    Copies of the real pictures do well in all four: see "memorisation".
    """

    options: PrdcOptions

    def __call__(self, real: Sample, fake: Sample) -> Mapping[str, Measured]:
        """The four numbers."""
        shares = prdc(real.features, fake.features, self.options.k)
        return {f"prdc/{name}": Measured(value, len(fake)) for name, value in shares.items()}


def prdc(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """The numbers of Naeem et al. 2020, equations 1 to 4, of features (N, D) and (M, D).

    Where there are k pictures or fewer, neighbourhoods reach to the farthest.
    """
    real_radii, fake_radii = radii(real, k), radii(fake, k)
    precise = torch.zeros(len(fake), dtype=torch.bool)
    recalled, covered, within = 0, 0, 0
    for rows, block in distances(real, fake):
        near_real = block < real_radii[rows, None]
        precise |= near_real.any(0)
        within += int(near_real.sum())
        covered += int(near_real.any(1).sum())
        recalled += int((block < fake_radii).any(1).sum())
    expected = max(1, min(k, len(real) - 1)) * len(fake)
    return {
        "precision": precise.double().mean().item(),
        "recall": recalled / len(real),
        "density": within / expected,
        "coverage": covered / len(real),
    }

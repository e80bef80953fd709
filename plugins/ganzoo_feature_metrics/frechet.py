"""The distance between two Gaussians that have the means and covariances of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue, Options

_CHUNK = 2048


@dataclass(frozen=True)
class FrechetDistance:
    """One number, "fd": 0 or more, 0 for equal Gaussians, low is good.

    It is biased upwards by about 1 / N: compare only numbers of as many images.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The distance between the features of all images."""
        distance = frechet_distance(real.features, fake.features)
        return {"fd": MetricValue(distance, len(fake))}


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """||mu_x - mu_y||^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)) of features (N, D) and (M, D).

    Dowson & Landau 1982. With S = R' R, the trace of the root is the nuclear norm of R_x R_y',
    which needs no root of a singular matrix: N and M may be smaller than D. It is never negative.
    """
    mu_x, mu_y = (features.mean(0, dtype=torch.float64) for features in (x, y))
    r_x, r_y = covariance_root(x, mu_x), covariance_root(y, mu_y)
    trace_of_root = torch.linalg.svdvals(r_x @ r_y.T).sum()
    distance = (mu_x - mu_y).square().sum() + r_x.square().sum() + r_y.square().sum()
    # Rounding may make the distance of equal features a little negative, such as -1e-14.
    return max(0.0, float(distance - 2 * trace_of_root))


def covariance_root(features: Tensor, mean: Tensor) -> Tensor:
    """R with R' R = S, the covariance (by N - 1) of features (N, D): at most D rows, in float64.

    It is the triangle of a QR decomposition, taken chunk by chunk. The covariance itself is never
    formed, as that would square the rounding. A single image has none.
    """
    root = mean.new_zeros(0, len(mean))
    for chunk in features.split(_CHUNK):
        root = torch.linalg.qr(torch.cat([root, chunk - mean]), mode="r").R
    return root / sqrt(max(1, len(features) - 1))

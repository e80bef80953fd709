"""The Fréchet distance between Gaussians with the means and covariances of features."""

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
    """The value "fd": 0 or more, 0 for equal means and covariances; low is good.

    Its bias is about 1 / N, upwards: only values of the same number of images are comparable.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The distance between the features of all images, as "fd"."""
        distance = frechet_distance(real.features, fake.features)
        return {"fd": MetricValue(distance, len(fake))}


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """||mu_x - mu_y||^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)) of features (N, D) and (M, D).

    Dowson & Landau 1982; Heusel et al. 2017. With S = R' R, tr((S_x S_y)^(1/2)) is the nuclear norm
    of R_x R_y'. So no square root of a singular matrix is needed where N or M is smaller than D.
    """
    mu_x, mu_y = (features.mean(0, dtype=torch.float64) for features in (x, y))
    r_x, r_y = covariance_root(x, mu_x), covariance_root(y, mu_y)
    trace_of_root = torch.linalg.svdvals(r_x @ r_y.T).sum()
    distance = (mu_x - mu_y).square().sum() + r_x.square().sum() + r_y.square().sum()
    # For equal features, rounding may give a small negative number, such as -1e-14.
    return max(0.0, float(distance - 2 * trace_of_root))


def covariance_root(features: Tensor, mean: Tensor) -> Tensor:
    """R with R' R = S, the covariance of features (N, D) with N - 1; float64, at most D rows.

    R is from a QR decomposition, computed chunk by chunk. S itself is not computed, since it would
    have the square of R's condition number. For N = 1, R is 0.
    """
    root = mean.new_zeros(0, len(mean))
    for chunk in features.split(_CHUNK):
        root = torch.linalg.qr(torch.cat([root, chunk - mean]), mode="r").R
    return root / sqrt(max(1, len(features) - 1))

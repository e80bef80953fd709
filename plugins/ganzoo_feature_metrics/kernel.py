"""The maximum mean discrepancy of features under a polynomial kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue
from ganzoo_feature_metrics import KernelOptions

_SEED = 2020
_CHUNK = 2048


@dataclass(frozen=True)
class KernelDistance:
    """The number "kid": about 0 if distributions are equal, even below it; low is good.

    "kid/subsets" and "kid/std" are the mean and spread over subsets, where these are asked for;
    the mean is another estimate of the same, and the spread is that of a subset's estimate.
    """

    options: KernelOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The distance between the features of all images, and of subsets of them."""
        x, y = real.features, fake.features
        if min(len(x), len(y)) < 2:
            return {}  # there is no unbiased estimate
        found = {"kid": squared_mmd(x, y)}
        if self.options.subsets:
            estimates = torch.tensor(self._of_subsets(x, y), dtype=torch.float64)
            found["kid/subsets"] = estimates.mean().item()
            found["kid/std"] = estimates.std(correction=0).item()
        return {name: MetricValue(value, len(fake)) for name, value in found.items()}

    def _of_subsets(self, x: Tensor, y: Tensor) -> list[float]:
        """An estimate from each subset, of as many real as generated images."""
        random = torch.Generator().manual_seed(_SEED)
        size = min(self.options.subset_size, len(x), len(y))

        def some(features: Tensor) -> Tensor:
            return features[torch.randperm(len(features), generator=random)[:size]]

        return [squared_mmd(some(x), some(y)) for _ in range(self.options.subsets)]


def squared_mmd(x: Tensor, y: Tensor) -> float:
    """E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)], unbiased, of features (N, D) and (M, D).

    Bińkowski et al. 2018, equation 4; x and x' are different images.
    """
    return mean_of_pairs(x) + mean_of_pairs(y) - 2 * kernel_sum(x, y) / (len(x) * len(y))


def mean_of_pairs(x: Tensor) -> float:
    """The mean of k(x_i, x_j) over i and j that differ."""
    n, d = x.shape
    selves = (x.double().square().sum(1) / d + 1).pow(3).sum().item()
    return (kernel_sum(x, x) - selves) / (n * (n - 1))


def kernel_sum(x: Tensor, y: Tensor) -> float:
    """The sum of k(x_i, y_j) = (x_i' y_j / D + 1)^3 over all i and j, in float64."""
    d = x.shape[1]
    return sum(
        float((a.double() @ b.double().T / d + 1).pow(3).sum())
        for a, b in product(x.split(_CHUNK), y.split(_CHUNK))
    )

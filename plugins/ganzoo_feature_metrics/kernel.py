"""The squared maximum mean discrepancy (MMD) of features with a polynomial kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue, RequestError
from ganzoo_feature_metrics import KernelOptions

_SEED = 2020
_CHUNK = 2048


@dataclass(frozen=True)
class KernelDistance:
    """The value "kid": about 0 for equal distributions, also negative; low is good.

    With ``subsets``, "kid/subsets" and "kid/std" are the mean and the standard deviation of the
    estimates from random subsets, as in the paper.
    """

    options: KernelOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The distance between the features of all images and, with ``subsets``, of subsets."""
        x, y = real.features, fake.features
        if min(len(x), len(y)) < 2:
            raise RequestError(
                "the unbiased estimate of kid needs at least 2 real and 2 generated images, "
                f"not {len(x)} and {len(y)}"
            )
        values = {"kid": squared_mmd(x, y)}
        if self.options.subsets:
            estimates = torch.tensor(self._subset_estimates(x, y), dtype=torch.float64)
            values["kid/subsets"] = estimates.mean().item()
            values["kid/std"] = estimates.std(correction=0).item()
        return {name: MetricValue(value, len(fake)) for name, value in values.items()}

    def _subset_estimates(self, x: Tensor, y: Tensor) -> list[float]:
        """One estimate per subset, of equally many real and generated images."""
        random = torch.Generator().manual_seed(_SEED)
        size = min(self.options.subset_size, len(x), len(y))

        def subset(features: Tensor) -> Tensor:
            return features[torch.randperm(len(features), generator=random)[:size]]

        return [squared_mmd(subset(x), subset(y)) for _ in range(self.options.subsets)]


def squared_mmd(x: Tensor, y: Tensor) -> float:
    """E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)], unbiased, of features (N, D) and (M, D).

    Bińkowski et al. 2018, equation 4. The first two means are over pairs of different images.
    """
    return (
        mean_of_different_pairs(x)
        + mean_of_different_pairs(y)
        - 2 * kernel_sum(x, y) / (len(x) * len(y))
    )


def mean_of_different_pairs(x: Tensor) -> float:
    """The mean of k(x_i, x_j) over all i != j."""
    n, d = x.shape
    diagonal = (x.double().square().sum(1) / d + 1).pow(3).sum().item()
    return (kernel_sum(x, x) - diagonal) / (n * (n - 1))


def kernel_sum(x: Tensor, y: Tensor) -> float:
    """The sum of k(x_i, y_j) = (x_i' y_j / D + 1)^3 over all i and j, in float64."""
    d = x.shape[1]
    return sum(
        float((a.double() @ b.double().T / d + 1).pow(3).sum())
        for a, b in product(x.split(_CHUNK), y.split(_CHUNK))
    )

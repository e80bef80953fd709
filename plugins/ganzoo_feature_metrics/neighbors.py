"""Distances between features, and nearest neighbors."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_MAX_DISTANCES = 2**23
"""The number of distances that are in memory at the same time."""
_ROUNDING = 1e-13
"""The relative rounding error of |x|^2 + |y|^2 - 2 x'y."""


def pairwise_distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Blocks of rows of x (N, D) with their distances to all y (M, D), float64 (rows, M).

    |x - y|^2 = |x|^2 + |y|^2 - 2 x'y, after the mean of y is subtracted from both for a small
    rounding error: about 1e-8 of the features' standard deviation. Smaller distances are set to 0,
    so equal features have the distance 0.
    """
    mean = y.mean(0, dtype=torch.float64)
    centered_y = y - mean
    y_squares = centered_y.square().sum(1)
    block_size = max(1, _MAX_DISTANCES // len(y))
    for start in range(0, len(x), block_size):
        rows = slice(start, min(start + block_size, len(x)))
        centered_x = x[rows] - mean
        squared = torch.addmm(y_squares, centered_x, centered_y.T, alpha=-2)
        x_squares = centered_x.square().sum(1, keepdim=True)
        squared += x_squares
        squared[squared < _ROUNDING * (x_squares + y_squares)] = 0
        yield rows, squared.sqrt_()


def nearest_distances(x: Tensor, y: Tensor | None = None) -> Tensor:
    """The distance of each x to the nearest y, or without y to the nearest other x; float64 (N,).

    A single x without y has the distance 0.
    """
    others = x if y is None else y
    found = []
    for rows, block in pairwise_distances(x, others):
        if y is None:
            _exclude_self(rows, block)
        difference = x[rows].double() - others[block.argmin(1)]
        found.append(difference.norm(dim=1))
    return torch.cat(found)


def knn_radii(x: Tensor, k: int) -> Tensor:
    """The distance of each x (N, D) to its k-th nearest other x, float64 (N,).

    With k or fewer features it is the distance to the farthest. A single x has the radius 0.
    """
    if len(x) == 1:
        return torch.zeros(1, dtype=torch.float64)
    found = []
    for rows, block in pairwise_distances(x, x):
        _exclude_self(rows, block)
        found.append(block.kthvalue(min(k, len(x) - 1)).values)
    return torch.cat(found)


def _exclude_self(rows: slice, block: Tensor) -> None:
    block[:, rows].fill_diagonal_(torch.inf)

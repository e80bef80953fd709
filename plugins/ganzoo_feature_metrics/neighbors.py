"""Which features are near which."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_AT_ONCE = 2**23
"""Distances that are held in memory."""
_ROUNDING = 1e-13
"""Of what is added to a squared distance, what may be wrong with it."""


def distances(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Some rows of x (N, D) after others, and their distances to all y (M, D): float64 (rows, M).

    |x - y|^2 = |x|^2 + |y|^2 - 2 x'y, after the mean of y is subtracted from both, as otherwise
    it might be most of what is added; good to about 1e-8 of the features' spread. What is less
    than that is 0, so equal features have no distance.
    """
    mean = y.mean(0, dtype=torch.float64)
    centered = y - mean
    squares = centered.square().sum(1)
    rows = max(1, _AT_ONCE // len(y))
    for start in range(0, len(x), rows):
        some = slice(start, min(start + rows, len(x)))
        part = x[some] - mean
        squared = torch.addmm(squares, part, centered.T, alpha=-2)
        own = part.square().sum(1, keepdim=True)
        squared += own
        squared[squared < _ROUNDING * (own + squares)] = 0
        yield some, squared.sqrt_()


def nearest(x: Tensor, y: Tensor | None = None) -> Tensor:
    """The distance of each x to the nearest y, or without y to the nearest other x; float64 (N,).

    It is 0 for features that are equal, and for a lone one without others.
    """
    others = x if y is None else y
    found = []
    for rows, block in distances(x, others):
        if y is None:
            _leave_out_self(rows, block)
        difference = x[rows].double() - others[block.argmin(1)]
        found.append(difference.norm(dim=1))
    return torch.cat(found)


def radii(x: Tensor, k: int) -> Tensor:
    """The distance of each x (N, D) to its k-th nearest other, or to the farthest; float64 (N,).

    A lone one has radius 0.
    """
    if len(x) == 1:
        return torch.zeros(1, dtype=torch.float64)
    found = []
    for rows, block in distances(x, x):
        _leave_out_self(rows, block)
        found.append(block.kthvalue(min(k, len(x) - 1)).values)
    return torch.cat(found)


def _leave_out_self(rows: slice, block: Tensor) -> None:
    block[:, rows].fill_diagonal_(torch.inf)

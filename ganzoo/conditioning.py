"""A layer for conditional networks: the condition of each image as a vector."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from ganzoo.contracts import Condition


class ConditionEmbedding(nn.Module):
    """Maps conditions of any kind to vectors of ``width`` numbers, float32 (N, width).

    For a class, the vector is a learned row of the class. For several classes or values, scaled to
    [-1, 1], it is ``W x / sqrt(D)`` with D classes or values. Initial weights are N(0, std^2). It
    is no ``nn.Linear`` or ``nn.Embedding``, so that ``apply`` of a network's initialization does
    not change it.
    """

    def __init__(self, condition: Condition, width: int, std: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(std * torch.randn(condition.size, width))
        """One row of ``width`` numbers for each class or value."""
        self.condition = condition
        """What is told about each image."""
        low, high = torch.tensor(condition.limits).unbind(1)
        self._low: Tensor
        self._span: Tensor
        self.register_buffer("_low", low, persistent=False)
        self.register_buffer("_span", high - low, persistent=False)

    def forward(self, condition: Tensor | None) -> Tensor:
        """(N,) for a class, or (N, D), to (N, width); raises ValueError for ``None``."""
        if condition is None:
            raise ValueError("conditional networks need the condition of each image")
        if self.condition.kind == "class":
            return self.weight[condition]
        scaled = (condition - self._low) / self._span * 2 - 1
        return scaled @ self.weight / sqrt(len(self.weight))

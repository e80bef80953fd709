"""Layers for conditional networks: conditions as vectors, and conditions from features."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

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
        self._scale = _Scale(condition)

    def forward(self, condition: Tensor | None) -> Tensor:
        """(N,) for a class, or (N, D), to (N, width); raises ValueError for ``None``."""
        if condition is None:
            raise ValueError("conditional networks need the condition of each image")
        if self.condition.kind == "class":
            return self.weight[condition]
        scaled: Tensor = self._scale(condition)
        return scaled @ self.weight / sqrt(len(self.weight))


class ConditionedLatents(nn.Module):
    """Concatenates an embedding of the condition to latents; without a condition it does nothing.

    The embedding has ``latent_dim`` numbers, too. Its initial weights are N(0, std^2).
    """

    def __init__(self, latent_dim: int, condition: Condition | None, std: float = 0.3) -> None:
        super().__init__()
        self.embed = ConditionEmbedding(condition, latent_dim, std) if condition else None
        """The embedding, or ``None``."""
        self.width = latent_dim * (1 + bool(condition))
        """The length of the vectors."""

    def forward(self, latents: Tensor, condition: Tensor | None) -> Tensor:
        """(N, latent_dim) and conditions to (N, width)."""
        if self.embed is None:
            return latents
        return torch.cat((latents, self.embed(condition)), dim=1)


class ConditionEstimator(nn.Module):
    """Estimates conditions of any kind from features (N, width) by one linear layer.

    The auxiliary classifier of Odena et al. 2017 (arXiv 1610.09585), also for values.
    """

    def __init__(self, condition: Condition, width: int) -> None:
        super().__init__()
        self.estimate = nn.Linear(width, condition.size)
        """The layer from features to one number for each class or value."""
        self.condition = condition
        """What is told about each image."""
        self._scale = _Scale(condition)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """The error of the estimate for each image, float32 (N,).

        The cross-entropy -log p(c|x) for a class c; its sum over all classes if an image may have
        several; the sum of squared differences of values, scaled to [-1, 1].
        """
        estimate = self.estimate(features).float()
        if self.condition.kind == "class":
            return cross_entropy(estimate, condition, reduction="none")
        if self.condition.kind == "classes":
            return binary_cross_entropy_with_logits(estimate, condition, reduction="none").sum(1)
        squares: Tensor = (estimate - self._scale(condition)).square()
        return squares.sum(1)


class _Scale(nn.Module):
    """Scales several classes or values from their limits to [-1, 1], (N, D)."""

    def __init__(self, condition: Condition) -> None:
        super().__init__()
        low, high = torch.tensor(condition.limits).unbind(1)
        self._low: Tensor
        self._span: Tensor
        self.register_buffer("_low", low, persistent=False)
        self.register_buffer("_span", high - low, persistent=False)

    def forward(self, condition: Tensor) -> Tensor:
        return (condition - self._low) / self._span * 2 - 1

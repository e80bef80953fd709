"""Random values of transformations that are used with a probability."""

from __future__ import annotations

import torch
from torch import Tensor


class Draws:
    """Values for ``n`` images; each transformation is used with a probability for each image."""

    def __init__(self, n: int, random: torch.Generator) -> None:
        self.n = n
        self.random = random

    def is_used(self, probability: Tensor) -> Tensor:
        """Whether a transformation is used, bool (n,)."""
        return self._uniform() < probability

    def uniform(self, used: Tensor, low: float, high: float) -> Tensor:
        """Values from U[low, high) where used, otherwise 0; (n,)."""
        return torch.where(used, low + (high - low) * self._uniform(), 0.0)

    def choice(self, used: Tensor, count: int) -> Tensor:
        """Whole numbers from 0 to ``count`` - 1 where used, otherwise 0; float32 (n,)."""
        return self.uniform(used, 0, count).floor()

    def normal(self, used: Tensor, std: float) -> Tensor:
        """Values from N(0, std^2) where used, otherwise 0; (n,)."""
        values = torch.randn(self.n, generator=self.random, device=self.random.device)
        return torch.where(used, std * values, 0.0)

    def factor(self, used: Tensor, std: float) -> Tensor:
        """2 to the power of values from N(0, std^2) where used, otherwise 1; (n,)."""
        return self.normal(used, std).exp2()

    def _uniform(self) -> Tensor:
        return torch.rand(self.n, generator=self.random, device=self.random.device)

"""A step with given images and a given critic, to test losses and regularizers with."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ganzoo import Scores


def scores(*, real: Tensor | None = None, fake: Tensor | None = None) -> Scores:
    """Scores as a loss gets them."""
    found: Scores = SimpleNamespace(real=real, fake=fake)
    return found


class GivenStep:
    """A step whose real and generated images, and whose critic, are given.

    Random numbers are drawn from the global generator, in the images' dtype.
    """

    def __init__(self, critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> None:
        self.real: Any = SimpleNamespace(images=real, condition=None)
        self.fake: Any = SimpleNamespace(images=fake, condition=None)
        self.batch_size = len(real)
        self._critic = critic
        self.transforms: list[str] = []
        """The names of the transformations, one for each call of the critic."""
        self.reports: dict[str, Tensor] = {}
        """The reported numbers by name."""

    def critic(self, images: Tensor, condition: None = None, *, transform: str = "") -> Tensor:
        self.transforms.append(transform)
        return self._critic(images)

    def report(self, name: str, value: Tensor) -> None:
        self.reports[name] = value

    def uniform(self, *shape: int) -> Tensor:
        images = self.real.images
        return torch.rand(len(images), *shape, dtype=images.dtype, device=images.device)

    @property
    def scores(self) -> Scores:
        return scores(real=self._critic(self.real.images), fake=self._critic(self.fake.images))

    def mean(self, values: Tensor) -> Tensor:
        return values.mean()

    def shard(self, batch: Tensor) -> Tensor:
        return batch

    def normal(self, *shape: int) -> Tensor:
        images = self.real.images
        return torch.randn(len(images), *shape, dtype=images.dtype, device=images.device)

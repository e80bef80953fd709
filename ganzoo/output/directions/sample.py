"""Random points of a generator's latent space, in which directions are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ganzoo.output.directions.saved import Direction
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator

_BATCH_SIZE = 64


@dataclass(frozen=True)
class PointSample:
    """Points of random latents, each as a row of numbers.

    If all vectors of a point are equal, as those of StyleGAN's layers, a row is one of them, and a
    direction changes all of them alike.
    """

    space: LatentSpace
    rows: Tensor
    """float32 (N, D), on the CPU."""
    conditions: Tensor | None
    """What the generator is told about each point, (N,) or (N, D)."""
    shape: torch.Size
    """The shape of one point."""
    is_shared: bool
    """Whether a row is one of the equal vectors of a point."""

    @classmethod
    @torch.no_grad()
    def of(cls, trained: TrainedGenerator, count: int, seed: int = 0) -> Self:
        """The points of the images of ``trained.generate(count, seed)``."""
        space = LatentSpace(trained.generator)
        conditions = trained.conditions(count, seed)
        points = space.points(trained.latents(count, seed), conditions).float().cpu()
        is_shared = points.ndim > 2 and bool((points == points[:, :1]).all())
        rows = points[:, 0] if is_shared else points
        return cls(space, rows.flatten(1), conditions, points.shape[1:], is_shared)

    def points(self, rows: Tensor) -> Tensor:
        """The points of rows; differentiable."""
        if not self.is_shared:
            return rows.view(-1, *self.shape)
        return rows.view(-1, 1, *self.shape[1:]).expand(-1, *self.shape)

    def batches(self, count: int | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """The first ``count`` rows and conditions, or all, in batches for the generator."""
        end = len(self.rows) if count is None else min(count, len(self.rows))
        for start in range(0, end, _BATCH_SIZE):
            batch = slice(start, min(start + _BATCH_SIZE, end))
            conditions = self.conditions
            yield self.rows[batch], None if conditions is None else conditions[batch]

    def images(self, rows: Tensor, conditions: Tensor | None) -> Tensor:
        """The images of rows, float (N, C, H, W); differentiable."""
        return self.space.images(self.points(rows), conditions)

    def direction(self, name: str, row: Tensor, explained: float) -> Direction:
        """The direction of a row (D,) of any length."""
        vector = torch.nn.functional.normalize(row.float(), dim=0)
        std = float((self.rows @ vector).std())
        return Direction(name, self.points(vector)[0].contiguous(), std, explained)

    def principal(self, name: str, gram: Tensor, count: int) -> list[Direction]:
        """The first eigenvectors of a matrix (D, D); explained is the part of the eigenvalues.

        The largest number of each is positive.
        """
        values, vectors = torch.linalg.eigh(gram.double())
        values = values.clamp(min=0)  # rounding makes some of them negative
        parts = (values / values.sum()).flip(0).tolist()
        rows = vectors.T.flip(0)
        largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
        rows = rows * largest.sign()
        return [
            self.direction(f"{name}-{number}", row, part)
            for number, (row, part) in enumerate(zip(rows[:count], parts, strict=False), 1)
        ]

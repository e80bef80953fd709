"""Images from a generator; image i depends on the seed, its condition and i alone."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Condition, Generator
from ganzoo.data.collection import Collection
from ganzoo.data.order import spread_evenly
from ganzoo.training.randomness import Randomness

_BATCH_SIZE = 64
_STRIDE = 0x9E3779B97F4A7C15
"""2^64 / golden ratio. The first n multiples of 1 / golden ratio, modulo 1, fill [0, 1) evenly for
every n (Knuth, The Art of Computer Programming, volume 3, section 6.4), so that the frequencies of
the classes or values of a sample have nearly no sampling error.
"""
_MOST_ROWS = 10_000
"""The largest number of real images whose values a checkpoint stores."""


class ConditionFrequencies:
    """How often each condition is sampled if none is requested: as often as in the real images.

    ``counts`` has the number of real images of each class, by label, or of each row of ``rows``:
    values (M, D).
    """

    def __init__(self, counts: Sequence[int], rows: Tensor | None = None) -> None:
        self.counts = tuple(counts)
        self.rows = rows
        self._ends = list(itertools.accumulate(self.counts))

    @classmethod
    def of(cls, data: Collection, *, balance: bool = False) -> Self:
        """The frequencies of a run's images; with ``balance``, all classes with images are equal.

        So are all combinations of several classes. Images have classes or values. Of more than
        10,000 images with values, 10,000 are used.
        """
        assert data.condition is not None
        assert data.values is not None
        if data.condition.kind == "classes" and balance:
            combinations = torch.from_numpy(np.unique(data.values[data.indices], axis=0))
            return cls([1] * len(combinations), combinations)
        if data.condition.kind != "class":
            rows = torch.from_numpy(data.values[spread_evenly(data.indices, _MOST_ROWS)])
            return cls([1] * len(rows), rows)
        counts = np.bincount(data.values[data.indices], minlength=data.condition.size)
        return cls((counts > 0).astype(int).tolist() if balance else counts.tolist())

    def sample(self, indices: Iterable[int], seed: int) -> Tensor:
        """The conditions of the images with these indices, from the seed and the indices.

        int64 (N,) or float32 (N, D). Among the first n images, the count of a class or row differs
        from n * frequency by a few.
        """
        start = Randomness(seed).derive_seed("label")
        numbers = torch.tensor(
            [self._number(start + i * _STRIDE) for i in indices], dtype=torch.int64
        )
        return numbers if self.rows is None else self.rows[numbers]

    def _number(self, position: int) -> int:
        """The label or row at a position modulo 2^64; each has its fraction of all positions."""
        return bisect.bisect_right(self._ends, (position % 2**64) * self._ends[-1] >> 64)

    def to_plain(self) -> dict[str, Any]:
        """What a checkpoint stores, from which ``from_plain`` makes the same frequencies."""
        return {"counts": list(self.counts), "rows": self.rows}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The frequencies of ``to_plain``."""
        return cls(plain["counts"], plain["rows"])


def make_images(
    generator: Generator, count: int, seed: int, condition: Tensor | None = None
) -> Tensor:
    """``count`` images, uint8 (N, C, H, W) on the CPU.

    Image i depends on the seed, i and its row of ``condition``, not on ``count`` or the device.
    """
    batches = []
    for indices in torch.arange(count).split(_BATCH_SIZE):
        latents = latents_of(generator, indices.tolist(), seed)
        rows = None if condition is None else condition[indices]
        batches.append(images_from_latents(generator, latents, rows))
    return torch.cat(batches)


def make_rows(
    generator: Generator,
    condition: Condition,
    frequencies: ConditionFrequencies,
    count: int,
    seed: int,
) -> Tensor:
    """``count`` images for each class or value, uint8 (rows, N, C, H, W), with the same latents.

    A row has the images of one class; of kind ``"classes"``, the conditions are drawn and then get
    this class. For a vector, a row shows one image while one value changes from its lowest to its
    highest, and the others are in the middle of their ranges.
    """
    moves = condition.kind == "vector"
    latents = latents_of(generator, [0] * count if moves else range(count), seed)
    rows = []
    for number in range(condition.size):
        if moves:
            conditions = torch.tensor([(low + high) / 2 for low, high in condition.ranges])
            conditions = conditions.repeat(count, 1)
            conditions[:, number] = torch.linspace(*condition.ranges[number], count)
        elif condition.kind == "classes":
            conditions = frequencies.sample(range(count), seed)
            conditions[:, number] = 1.0
        else:
            conditions = torch.full((count,), number)
        rows.append(images_from_latents(generator, latents, conditions))
    return torch.stack(rows)


def row_names(condition: Condition) -> tuple[str, ...]:
    """The name of each row of ``make_rows``: a class, or a value with its range."""
    if condition.kind != "vector":
        return condition.names
    pairs = zip(condition.names, condition.ranges, strict=True)
    return tuple(f"{name} {low:g} ... {high:g}" for name, (low, high) in pairs)


def latents_of(generator: Generator, indices: Iterable[int], seed: int) -> Tensor:
    """The latents of the images with these indices; each depends on the seed and its index."""
    randomness = Randomness(seed)
    return torch.cat(
        [generator.sample_latents(1, randomness.generator("image", i)) for i in indices]
    )


@torch.no_grad()
def images_from_latents(
    generator: Generator, latents: Tensor, condition: Tensor | None = None
) -> Tensor:
    """The images of latents, uint8 (N, C, H, W) on the CPU, computed on the generator's device."""
    device = next(generator.parameters()).device
    batches = []
    for start in range(0, len(latents), _BATCH_SIZE):
        batch = slice(start, start + _BATCH_SIZE)
        rows = None if condition is None else condition[batch].to(device)
        images = generator(latents[batch].to(device), rows)
        batches.append(imaging.to_uint8(images).cpu())
    return torch.cat(batches)

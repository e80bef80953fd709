"""Images from a generator; image i depends on the seed, its label and i alone."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Generator
from ganzoo.data.collection import Collection
from ganzoo.errors import RequestError
from ganzoo.training.randomness import Randomness

_BATCH_SIZE = 64
_STRIDE = 0x9E3779B97F4A7C15
"""2^64 / golden ratio. The first n multiples of 1 / golden ratio, modulo 1, fill [0, 1) evenly for
every n (Knuth, The Art of Computer Programming, volume 3, section 6.4), so that the class
frequencies of a sample have nearly no sampling error.
"""


class ClassFrequencies:
    """How often each class is sampled if none is requested: as often as in the real images.

    ``counts`` has the number of real images of each class, by label.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self._ends = list(itertools.accumulate(self.counts))

    @classmethod
    def of(cls, data: Collection, *, balance: bool = False) -> ClassFrequencies:
        """The frequencies of a run's images; with ``balance``, all classes with images are equal.

        Raises RequestError if not all of the images have labels.
        """
        if data.labels is None:
            raise RequestError(
                "architecture.conditional: not all of the images have labels: remove this setting"
            )
        counts = np.bincount(data.labels[data.indices], minlength=len(data.class_names))
        return cls((counts > 0).astype(int).tolist() if balance else counts.tolist())

    def labels(self, indices: Iterable[int], seed: int) -> Tensor:
        """The labels of the images with these indices, int64 (N,), from the seed and the indices.

        Among the first n images, the count of a class differs from n * frequency by a few.
        """
        start = Randomness(seed).derive_seed("label")
        return torch.tensor([self._label(start + i * _STRIDE) for i in indices], dtype=torch.int64)

    def _label(self, position: int) -> int:
        """The label at a position modulo 2^64; a class has its fraction of all positions."""
        return bisect.bisect_right(self._ends, (position % 2**64) * self._ends[-1] >> 64)


def make_images(
    generator: Generator, count: int, seed: int, labels: Tensor | None = None
) -> Tensor:
    """``count`` images, uint8 (N, C, H, W) on the CPU.

    Image i depends on the seed, i and its label, not on ``count`` or the device.
    """
    batches = []
    for indices in torch.arange(count).split(_BATCH_SIZE):
        latents = latents_of(generator, indices.tolist(), seed)
        batch_labels = None if labels is None else labels[indices]
        batches.append(images_from_latents(generator, latents, batch_labels))
    return torch.cat(batches)


def make_each_class(generator: Generator, classes: int, count: int, seed: int) -> Tensor:
    """``count`` images of each class, uint8 (classes, N, C, H, W), with the same latents."""
    labels = (torch.full((count,), label) for label in range(classes))
    return torch.stack([make_images(generator, count, seed, each) for each in labels])


def latents_of(generator: Generator, indices: Iterable[int], seed: int) -> Tensor:
    """The latents of the images with these indices; each depends on the seed and its index."""
    randomness = Randomness(seed)
    return torch.cat(
        [generator.sample_latents(1, randomness.generator("image", i)) for i in indices]
    )


@torch.no_grad()
def images_from_latents(
    generator: Generator, latents: Tensor, labels: Tensor | None = None
) -> Tensor:
    """The images of latents, uint8 (N, C, H, W) on the CPU, computed on the generator's device."""
    device = next(generator.parameters()).device
    batches = []
    for start in range(0, len(latents), _BATCH_SIZE):
        batch = slice(start, start + _BATCH_SIZE)
        batch_labels = None if labels is None else labels[batch].to(device)
        images = generator(latents[batch].to(device), batch_labels)
        batches.append(imaging.to_uint8(images).cpu())
    return torch.cat(batches)

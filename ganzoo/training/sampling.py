"""Images from a generator, each by its number."""

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

_AT_ONCE = 64
_STRIDE = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio. The multiples i / golden ratio modulo 1 fill [0, 1) evenly,
however many there are (Knuth, The Art of Computer Programming, volume 3, section 6.4), so that the
shares of classes in a sample have no sampling error to speak of.
"""


class ClassFrequencies:
    """How often each class is drawn where none is asked for: as often as real images have it.

    ``counts`` are the numbers of real images of each class, by its label.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = tuple(counts)
        self._ends = list(itertools.accumulate(self.counts))

    @classmethod
    def of(cls, data: Collection, *, balance: bool = False) -> ClassFrequencies:
        """Those of a run's images; with ``balance``, all classes that have images are equal.

        Raises RequestError if not all of the images have labels.
        """
        if data.labels is None:
            raise RequestError(
                "architecture.conditional: not all of the images have labels: leave it out"
            )
        counts = np.bincount(data.labels[data.indices], minlength=len(data.class_names))
        return cls((counts > 0).astype(int).tolist() if balance else counts.tolist())

    def labels(self, numbers: Iterable[int], seed: int) -> Tensor:
        """The labels (N,) of the images of these numbers, which follow from them and the seed.

        Of the first n images, a class has its share of n, give or take a few.
        """
        start = Randomness(seed).derive_seed("label")
        return torch.tensor([self._label(start + i * _STRIDE) for i in numbers], dtype=torch.int64)

    def _label(self, place: int) -> int:
        """The label at a place, modulo 2^64, where each class has its share of all places."""
        return bisect.bisect_right(self._ends, (place % 2**64) * self._ends[-1] >> 64)


def make_images(
    generator: Generator, count: int, seed: int, labels: Tensor | None = None
) -> Tensor:
    """``count`` images as uint8 (N, C, H, W) on the CPU.

    Image i follows from the seed, i and its label, not from how many are made or where.
    """
    made = []
    for numbers in torch.arange(count).split(_AT_ONCE):
        latents = latents_of(generator, numbers.tolist(), seed)
        made.append(
            images_from_latents(generator, latents, None if labels is None else labels[numbers])
        )
    return torch.cat(made)


def make_each_class(generator: Generator, classes: int, count: int, seed: int) -> Tensor:
    """``count`` images of every class, (classes, N, C, H, W), of the same latents in each."""
    labels = (torch.full((count,), label) for label in range(classes))
    return torch.stack([make_images(generator, count, seed, each) for each in labels])


def latents_of(generator: Generator, numbers: Iterable[int], seed: int) -> Tensor:
    """The latents of the images of these numbers, each by itself."""
    randomness = Randomness(seed)
    return torch.cat(
        [generator.sample_latents(1, randomness.generator("image", i)) for i in numbers]
    )


@torch.no_grad()
def images_from_latents(
    generator: Generator, latents: Tensor, labels: Tensor | None = None
) -> Tensor:
    """The images of latents as uint8 (N, C, H, W) on the CPU, made where the generator is."""
    device = next(generator.parameters()).device
    made = []
    for chosen in torch.arange(len(latents)).split(_AT_ONCE):
        named = None if labels is None else labels[chosen].to(device)
        made.append(imaging.to_uint8(generator(latents[chosen].to(device), named)).cpu())
    return torch.cat(made)

"""The order of images in training: endless sequences that depend on a seed and a position."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
"""Numbers of images in a dataset, (N,)."""


class Order:
    """An endless sequence of image numbers, one epoch after another.

    A checkpoint needs only the position in it, the number of images taken so far.
    """

    def __init__(self, length: int, epoch: Callable[[int], Indices]) -> None:
        self._length = length
        self._epoch = lru_cache(maxsize=2)(epoch)

    def at(self, position: int, count: int) -> Indices:
        """The ``count`` numbers from ``position`` on; they may extend into the next epoch."""
        epoch, start = divmod(position, self._length)
        found = self._epoch(epoch)[start : start + count]
        while len(found) < count:
            epoch += 1
            found = np.concatenate([found, self._epoch(epoch)[: count - len(found)]])
        return found


def shuffled(numbers: Indices, seed: int) -> Order:
    """Each of these images once per epoch, in a different order in each epoch."""
    length = len(numbers)
    return Order(length, lambda e: numbers[np.argsort(_keys(seed, e, length), kind="stable")])


def balanced(numbers: Indices, labels: NDArray[np.int64], seed: int) -> Order:
    """Every class equally often: in each epoch, as many images as the largest class has.

    ``labels`` are the labels of ``numbers``. The images of a class occur equally often in an epoch,
    up to a difference of one.
    """
    classes = [numbers[labels == label] for label in np.unique(labels)]
    most = max(map(len, classes))

    def epoch(number: int) -> Indices:
        keys = _keys(seed, number, 2 * most * len(classes)).reshape(2, len(classes), most)
        drawn = []
        for members, own_keys in zip(classes, keys[0], strict=True):
            # All members a whole number of times, then some of them, different in each epoch.
            rest = members[np.argsort(own_keys[: len(members)], kind="stable")]
            drawn.append(np.concatenate([members] * (most // len(members)) + [rest])[:most])
        return np.concatenate(drawn)[np.argsort(keys[1].ravel(), kind="stable")]

    return Order(most * len(classes), epoch)


def windowed(numbers: Indices, chunk: int, window: int, seed: int) -> Order:
    """Each of these images once per epoch, in an order that reads few chunks at a time.

    A chunk is ``chunk`` consecutive numbers. Each epoch shuffles the chunks, then the images within
    each window of as many chunks as ``window`` images fill. ``numbers`` are ascending.
    """
    chunks, of_chunk = np.unique(numbers // chunk, return_inverse=True)
    chunks_per_window = max(1, window // chunk)

    def epoch(number: int) -> Indices:
        keys = _keys(seed, number, len(numbers) + len(chunks))
        positions = np.empty(len(chunks), np.intp)
        positions[np.argsort(keys[len(numbers) :], kind="stable")] = np.arange(len(chunks))
        return numbers[np.lexsort((keys[: len(numbers)], positions[of_chunk] // chunks_per_window))]

    return Order(len(numbers), epoch)


def spread_evenly(numbers: Indices, most: int) -> Indices:
    """At most so many of them, from all over."""
    count = min(most, len(numbers))
    return numbers[np.arange(count) * len(numbers) // count]


def _keys(seed: int, epoch: int, count: int) -> NDArray[np.uint64]:
    # NumPy guarantees the raw stream of a bit generator, but not Generator.permutation.
    return np.random.Philox(key=seed, counter=[0, 0, 0, epoch]).random_raw(count)

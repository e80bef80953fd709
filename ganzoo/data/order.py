"""Which image comes when: endless sequences that follow from a seed and a position alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
"""Numbers of images, in some order."""


class Order:
    """An endless sequence of image numbers, epoch after epoch.

    A position in it, the number of images taken so far, is all that a checkpoint needs.
    """

    def __init__(self, length: int, epoch: Callable[[int], Indices]) -> None:
        self._length = length
        self._epoch = lru_cache(maxsize=2)(epoch)

    def at(self, position: int, count: int) -> Indices:
        """The ``count`` numbers from ``position`` on; a batch may reach into the next epoch."""
        epoch, start = divmod(position, self._length)
        found = self._epoch(epoch)[start : start + count]
        while len(found) < count:
            epoch += 1
            found = np.concatenate([found, self._epoch(epoch)[: count - len(found)]])
        return found


def shuffled(numbers: Indices, seed: int) -> Order:
    """Each of these images once an epoch, each epoch in another order."""
    length = len(numbers)
    return Order(length, lambda e: numbers[np.argsort(_keys(seed, e, length), kind="stable")])


def balanced(numbers: Indices, labels: NDArray[np.int64], seed: int) -> Order:
    """Every class equally often: in an epoch each as often as the largest has images.

    ``labels`` are those of ``numbers``. Of a class, all come equally often, give or take one.
    """
    classes = [numbers[labels == label] for label in np.unique(labels)]
    most = max(map(len, classes))

    def epoch(number: int) -> Indices:
        keys = _keys(seed, number, 2 * most * len(classes)).reshape(2, len(classes), most)
        drawn = []
        for members, own_keys in zip(classes, keys[0], strict=True):
            # A whole number of rounds, then some of the members, which are others each epoch.
            rest = members[np.argsort(own_keys[: len(members)], kind="stable")]
            drawn.append(np.concatenate([members] * (most // len(members)) + [rest])[:most])
        return np.concatenate(drawn)[np.argsort(keys[1].ravel(), kind="stable")]

    return Order(most * len(classes), epoch)


def windowed(numbers: Indices, chunk: int, window: int, seed: int) -> Order:
    """These images once an epoch, read in chunks: neighbors in the order are neighbors there.

    Chunks of ``chunk`` consecutive numbers come in another order each epoch; all the images in
    as many chunks as ``window`` images fill are shuffled together. ``numbers`` ascend.
    """
    chunks, of_chunk = np.unique(numbers // chunk, return_inverse=True)
    chunks_per_window = max(1, window // chunk)

    def epoch(number: int) -> Indices:
        keys = _keys(seed, number, len(numbers) + len(chunks))
        positions = np.empty(len(chunks), np.intp)
        positions[np.argsort(keys[len(numbers) :], kind="stable")] = np.arange(len(chunks))
        return numbers[np.lexsort((keys[: len(numbers)], positions[of_chunk] // chunks_per_window))]

    return Order(len(numbers), epoch)


def _keys(seed: int, epoch: int, count: int) -> NDArray[np.uint64]:
    # The raw stream of a bit generator is fixed for ever; Generator.permutation is not.
    return np.random.Philox(key=seed, counter=[0, 0, 0, epoch]).random_raw(count)

"""The order of images in training: endless sequences that depend on a seed and a position."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
"""Numbers of images in a dataset, (N,)."""


class Order(Protocol):
    """An endless sequence of image numbers, one epoch after another.

    A checkpoint needs only the position in it, the number of images taken so far.
    """

    def at(self, position: int, count: int) -> Indices:
        """The ``count`` numbers from ``position`` on; they may extend into the next epoch."""
        ...


class EpochOrder:
    """An order of which whole epochs of ``length`` numbers are computed, by ``epoch(number)``."""

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
    return EpochOrder(length, lambda e: numbers[np.argsort(_keys(seed, e, length), kind="stable")])


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

    return EpochOrder(most * len(classes), epoch)


class WindowedOrder:
    """Each of these images once per epoch, in an order that reads few chunks at a time.

    Chunk c is the numbers from ``c * chunk`` on. Each epoch shuffles the chunks, then the images
    within each window of as many chunks as ``window`` images fill. ``numbers`` are ascending. Only
    the windows that are asked for are computed, which saves memory with many images.
    """

    def __init__(self, numbers: Indices, chunk: int, window: int, seed: int) -> None:
        self._numbers = numbers
        self._seed = seed
        chunks = np.arange(numbers[0] // chunk, numbers[-1] // chunk + 2)
        self._rows = np.unique(np.searchsorted(numbers, chunks * chunk))
        """The rows of ``numbers`` where each chunk begins, and their end."""
        self._chunks_per_window = max(1, window // chunk)
        self._epoch = lru_cache(maxsize=2)(self._chunks_of)
        self._images = lru_cache(maxsize=4)(self._numbers_of)

    def at(self, position: int, count: int) -> Indices:
        """The ``count`` numbers from ``position`` on; they may extend into the next epoch."""
        found, end = [], position + count
        while position < end:
            window = self.window_at(position)
            images = self.images(window)
            found.append(images[position - window.start : end - window.start])
            position = window.stop
        return np.concatenate(found) if found else self._numbers[:0]

    def window_at(self, position: int) -> range:
        """The positions of the images that are shuffled together with the one at ``position``."""
        epoch, row = divmod(position, len(self._numbers))
        _, ends = self._epoch(epoch)
        number, start = int(np.searchsorted(ends, row, side="right")), position - row
        return range(start + int(ends[number - 1]) if number else start, start + int(ends[number]))

    def images(self, window: range) -> Indices:
        """The numbers of the images in a window of ``window_at``, in order."""
        return self._images(window.start)

    def _chunks_of(self, epoch: int) -> tuple[Indices, NDArray[np.intp]]:
        """The chunks of an epoch in order, and the row of the epoch where each window ends."""
        count = len(self._rows) - 1
        order = np.argsort(_keys(self._seed, epoch, count, len(self._numbers)), kind="stable")
        ends = np.cumsum(np.diff(self._rows)[order])
        last = np.arange(1, -(-count // self._chunks_per_window) + 1) * self._chunks_per_window - 1
        return order, ends[np.minimum(last, count - 1)]

    def _numbers_of(self, start: int) -> Indices:
        epoch, row = divmod(start, len(self._numbers))
        order, ends = self._epoch(epoch)
        first = int(np.searchsorted(ends, row, side="right")) * self._chunks_per_window
        spans = [
            (int(self._rows[chunk]), int(self._rows[chunk + 1]))
            for chunk in np.sort(order[first : first + self._chunks_per_window])
        ]
        numbers = np.concatenate([self._numbers[start:end] for start, end in spans])
        keys = [_keys(self._seed, epoch, end - start, start) for start, end in spans]
        return numbers[np.argsort(np.concatenate(keys), kind="stable")]


def spread_evenly(numbers: Indices, most: int) -> Indices:
    """At most so many of them, from all over."""
    count = min(most, len(numbers))
    return numbers[np.arange(count) * len(numbers) // count]


def _keys(seed: int, epoch: int, count: int, start: int = 0) -> NDArray[np.uint64]:
    """The random numbers from ``start`` on, of a sequence that depends on the seed and epoch."""
    # NumPy guarantees the raw stream of a bit generator, but not Generator.permutation. Philox
    # makes four numbers for each value of its counter.
    block, skipped = divmod(start, 4)
    return np.random.Philox(key=seed, counter=[block, 0, 0, epoch]).random_raw(count + skipped)[
        skipped:
    ]

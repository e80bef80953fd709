"""Random numbers that depend on (seed, purpose, image, position) alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BLOCK = 32


def mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash 64 bits: the finalizer of SplitMix64 (Steele et al. 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _fraction(bits: NDArray[np.uint64]) -> Float:
    # float32 holds 24 bits exactly.
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)


class Draws:
    """A stream of random numbers for each of the images ``indices``.

    The bits are made by integer arithmetic alone: they are the same with every version of numpy,
    on every machine, and with any other images in ``indices``.
    """

    def __init__(self, seed: int, purpose: str, indices: range) -> None:
        assert len(purpose) <= 8, "a purpose is eight letters at most, to fit 64 bits"
        key = np.zeros(1, np.uint64)
        for word in (seed % 2**64, int.from_bytes(purpose.encode(), "little"), indices):
            key = mix((key + _GOLDEN) ^ np.asarray(word, np.uint64))
        self._key = key
        self._position = 0

    def bits(self) -> NDArray[np.uint64]:
        """The next 64 bits of every image, (N,)."""
        line = self._position % _BLOCK
        if line == 0:  # a block at a time, because small arrays are slow
            positions = self._position + np.arange(1, _BLOCK + 1, dtype=np.uint64)
            self._block = mix(self._key + positions[:, None] * _GOLDEN)
        self._position += 1
        return self._block[line, :]

    def below(self, n: int) -> NDArray[np.int64]:
        """An integer from [0, n) for every image, (N,)."""
        return ((self.bits() >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int64)

    def uniform(self, low: float | Float = 0.0, high: float | Float = 1.0) -> Float:
        """A number from [low, high] for every image, (N, 1, 1) to broadcast over its pixels."""
        return low + (high - low) * _fraction(self.bits())[:, None, None]

    def several(self, n: int) -> Float:
        """``n`` numbers from [0, 1) for every image, (N, n)."""
        return _fraction(np.stack([self.bits() for _ in range(n)], axis=1))

    def chance(self, probability: float) -> Float:
        """1 with the given probability and 0 otherwise, (N, 1, 1)."""
        return (self.uniform() < probability).astype(np.float32)

    def choice(self, rows: Sequence[Sequence[float]]) -> Float:
        """A random row of a table for every image, (columns, N, 1, 1)."""
        chosen = np.asarray(rows, np.float32)[self.below(len(rows))]
        return chosen.T[..., None, None]

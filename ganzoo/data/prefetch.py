"""The next batch, which is read and copied to a GPU while the present one is used."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.shard import Shard


class RawBatch(NamedTuple):
    """Real images as they are stored, on the device."""

    images: Tensor
    """uint8 (N, H, W, C)."""
    condition: Tensor | None
    """int64 (N,) or float32 (N, D), or ``None`` where images have no classes or values."""


_Place = tuple[int, int, Shard]
"""The position of a batch, its number of images, and which part of it."""


class Prefetch:
    """Takes batches in order; a thread reads the next one before it is asked for.

    ``read`` returns a batch. On a GPU its copies run on a stream of their own, beside the
    computation. A batch is the same whether it was read before or not.
    """

    def __init__(self, read: Callable[[int, int, Shard], RawBatch], device: torch.device) -> None:
        self._read = read
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-prefetch")
        self._next: tuple[_Place, Future[RawBatch]] | None = None

    def take(self, position: int, count: int, shard: Shard) -> RawBatch:
        """The batch at a position; the thread begins to read the one after it."""
        place = (position, count, shard)
        batch = self._read_before(place) or self._read(*place)
        following = (position + count, count, shard)
        self._next = following, self._thread.submit(self._copy, following)
        return batch

    def forget(self) -> None:
        """Do not use what was read before: the order of the images changes."""
        self._read_before(None)

    def _read_before(self, place: _Place | None) -> RawBatch | None:
        """The batch at this place if it is the one that was read before."""
        if self._next is None:
            return None
        found, future = self._next
        future.exception()  # wait: only one thread reads at a time
        self._next = None  # not before: the wait may be interrupted
        if found != place:
            return None
        batch = future.result()
        if self._stream:
            stream = torch.cuda.current_stream(self._stream.device)
            stream.wait_stream(self._stream)
            for tensor in batch:
                if tensor is not None:
                    tensor.record_stream(stream)  # its memory is not used again before that
        return batch

    def _copy(self, place: _Place) -> RawBatch:
        with torch.cuda.stream(self._stream):  # nothing happens without one
            return self._read(*place)

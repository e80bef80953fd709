"""Images that are read during training instead of being prepared before."""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import (
    ChunkedDataset,
    Dataset,
    ImageShape,
    RawImage,
    StreamedDataset,
    condition_of,
)
from ganzoo.data.cache_writer import NO_ATTRIBUTION
from ganzoo.data.conditions import require_values
from ganzoo.data.items import require_array, require_item
from ganzoo.data.order import Indices, WindowedOrder
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import ContractError, RequestError
from ganzoo.machine import free_memory
from ganzoo.shard import WHOLE_BATCH, Shard

_MOST_THREADS = 8


class _Part(NamedTuple):
    """Images of one chunk, which are or will be read together."""

    numbers: Indices
    """Ascending."""
    images: Future[NDArray[np.uint8]]


_Parts = Mapping[int, _Part]
"""By the number of their chunk."""


class StreamedImages:
    """The images of a dataset, prepared (cropped and resized) when they are read.

    ``read_ahead`` reads in the background what this process needs of the current window of the
    order, and of the next one; only these images stay in memory. ``dataset_name`` is the dataset's
    qualified name.

    Raises RequestError for labels or values that do not match the dataset's condition, and if two
    windows do not fit into the free memory.
    """

    def __init__(
        self,
        dataset: Dataset,
        preparation: Preparation,
        dataset_name: str = "",
        code: AbstractContextManager[None] = NO_ATTRIBUTION,
    ) -> None:
        assert isinstance(dataset, ChunkedDataset | StreamedDataset)
        self._code = code
        self._source = dataset
        self._how = preparation
        self._size = len(dataset)
        self.chunk = dataset.chunk
        self.window = dataset.window
        self._lock = threading.Lock()
        self._order: WindowedOrder | None = None
        self._windows: Mapping[Any, _Parts] = {}
        threads = 1
        if isinstance(dataset, StreamedDataset):
            threads = min(_MOST_THREADS, 2 + (os.cpu_count() or 1))
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="ganzoo-stream")
        channels = self._channels() if preparation.channels == "auto" else preparation.channels
        self._how = preparation.model_copy(update={"channels": channels})
        self.shape = ImageShape(channels, preparation.height, preparation.width)
        self._require_memory()
        self.condition = condition_of(dataset)
        self.values = require_values(dataset.values, self.condition, self._size, dataset_name)
        self.identity = preparation.identity(dataset, dataset_name)
        self._read_whole = lru_cache(maxsize=2)(self._read_chunk)

    def __len__(self) -> int:
        return self._size

    def take(self, numbers: Indices) -> NDArray[np.uint8]:
        """The images of these numbers, uint8 (N, H, W, C)."""
        taken = np.empty((len(numbers), *self.shape[1:], self.shape.channels), np.uint8)
        chunks = numbers // self.chunk
        for chunk in np.unique(chunks):
            rows = np.flatnonzero(chunks == chunk)
            read, images = self._images_of(int(chunk), numbers[rows])
            taken[rows] = images[np.searchsorted(read, numbers[rows])]
        return taken

    def read_ahead(
        self, order: WindowedOrder, position: int, count: int, shard: Shard = WHOLE_BATCH
    ) -> None:
        """Read in the background what the batches of ``count`` images from ``position`` on need.

        That is this process's shard of each batch, in the window of the first batch and in the next
        one. Images of earlier windows are forgotten.
        """
        windows = [order.window_at(position)]
        while windows[-1].start < position + count:
            windows.append(order.window_at(windows[-1].stop))
        with self._lock:
            before = self._windows if order is self._order else {}
            kept: dict[Any, _Parts] = {}
            for window in windows:
                key = window.start, position % count, count, shard
                if key not in before:
                    numbers = _numbers_of_shard(order, window, position, count, shard)
                    known = [*before.values(), *kept.values()]
                    kept[key] = self._parts(numbers, known)
                else:
                    kept[key] = before[key]
            self._order, self._windows = order, kept

    def _parts(self, numbers: Indices, known: Sequence[_Parts]) -> _Parts:
        """The parts with these ascending numbers; those that are read already are not read again.

        So a dataset that fits into two windows is read only once by one process.
        """
        splits = np.flatnonzero(np.diff(numbers // self.chunk)) + 1
        parts_by_chunk = {}
        for wanted in np.split(numbers, splits) if len(numbers) else ():
            chunk = int(wanted[0]) // self.chunk
            same = (parts[chunk] for parts in known if chunk in parts)
            found = next((part for part in same if np.array_equal(part.numbers, wanted)), None)
            if found is None:
                future = self._readers.submit(_read, weakref.ref(self), wanted)
                found = _Part(wanted, future)
            parts_by_chunk[chunk] = found
        return parts_by_chunk

    def _require_memory(self) -> None:
        image, free = math.prod(self.shape), free_memory()
        size = image * min(self._size, 2 * max(self.window, self.chunk))
        if size > free:
            half = max(1, free // (4 * image))  # two windows of it use half of the memory
            raise RequestError(
                f"two windows of {self.window:,} images need {size:,} bytes of memory, and "
                f"{free:,} are free: write dataset.window={half}"
            )

    def _images_of(self, chunk: int, numbers: Indices) -> tuple[Indices, NDArray[np.uint8]]:
        """Images of a chunk, with these among them, and the numbers of all: read ahead or now."""
        for parts in self._windows.values():
            part = parts.get(chunk)
            if part is not None and np.isin(numbers, part.numbers).all():
                return part.numbers, part.images.result()
        if isinstance(self._source, StreamedDataset):
            wanted = np.unique(numbers)
            return wanted, self.read(wanted)
        return self._read_whole(chunk)

    def _read_chunk(self, chunk: int) -> tuple[Indices, NDArray[np.uint8]]:
        start = chunk * self.chunk
        numbers = np.arange(start, min(start + self.chunk, self._size))
        return numbers, self.read(numbers)

    def read(self, numbers: Indices) -> NDArray[np.uint8]:
        """The images of these ascending numbers of one chunk, read now, uint8 (N, H, W, C)."""
        raw, shape = self._raw(numbers), (*self.shape[1:], self.shape.channels)
        if isinstance(raw, np.ndarray) and raw.shape[1:] == shape:
            return raw
        return np.stack([prepare(image, self._how) for image in raw])

    def _channels(self) -> int:
        """Of the first image, if it is an array; else 3, since other files may have colors."""
        if isinstance(self._source, StreamedDataset):
            first = self._raw(np.array([0]))[0]
            return int(first.shape[2]) if isinstance(first, np.ndarray) else 3
        return int(self._chunk_of_source(range(1)).shape[3])

    def _raw(self, numbers: Indices) -> Sequence[RawImage] | NDArray[np.uint8]:
        if isinstance(self._source, StreamedDataset):
            with self._code:
                found = self._source.read_images(numbers)
                _require_images(found, numbers)
            return found
        start = int(numbers[0]) // self.chunk * self.chunk
        images = self._chunk_of_source(range(start, min(start + self.chunk, self._size)))
        return images if len(numbers) == len(images) else images[numbers - start]

    def _chunk_of_source(self, indices: range) -> NDArray[np.uint8]:
        assert isinstance(self._source, ChunkedDataset)
        with self._code:
            images, _ = self._source.read(indices)
            require_array(images, "the first value of read()", ndim=4)
        return images


def _read(store: weakref.ref[StreamedImages], numbers: Indices) -> NDArray[np.uint8]:
    """What a thread reads; nothing if the store is not used any more, or the program ends."""
    found = store()
    if found is None or not threading.main_thread().is_alive():
        return np.empty(0, np.uint8)
    return found.read(numbers)


def _numbers_of_shard(
    order: WindowedOrder, window: range, position: int, count: int, shard: Shard
) -> Indices:
    """The numbers in a window that this shard of the batches needs, ascending.

    One of the batches begins at ``position``, and all have ``count`` images.
    """
    in_batch = (np.arange(window.start, window.stop) - position) % count
    return np.sort(order.images(window)[in_batch // (count // shard.count) == shard.rank])


def _require_images(found: Any, numbers: Indices) -> None:
    """Raise ContractError unless these are as many images as there are numbers."""
    if not isinstance(found, Sequence | np.ndarray) or len(found) != len(numbers):
        size = len(found) if hasattr(found, "__len__") else type(found).__name__
        raise ContractError(f"read_images() returned {size} for {len(numbers)} images")
    if isinstance(found, np.ndarray):
        require_array(found, "the value of read_images()", ndim=4)
    else:
        for number, image in zip(numbers.tolist(), found, strict=True):
            require_item((image, None), number)

"""Images that are read in chunks during training instead of being prepared before."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import ChunkedDataset, Dataset, ImageShape, condition_of
from ganzoo.data.cache_writer import NO_ATTRIBUTION
from ganzoo.data.conditions import require_values
from ganzoo.data.items import require_array
from ganzoo.data.order import Indices
from ganzoo.data.preparation import Preparation, prepare


class StreamedImages:
    """The images of a chunked dataset, prepared (cropped and resized) when they are read.

    The most recently used chunks stay in memory, up to two windows of the order. ``expect`` reads
    chunks in the background. Images that already have the right shape are not changed.
    ``dataset_name`` is the dataset's qualified name.

    Raises RequestError for labels or values that do not match the dataset's condition.
    """

    def __init__(
        self,
        dataset: Dataset,
        preparation: Preparation,
        dataset_name: str = "",
        code: AbstractContextManager[None] = NO_ATTRIBUTION,
    ) -> None:
        assert isinstance(dataset, ChunkedDataset)
        self._code = code
        self._source = dataset
        self._how = preparation
        self._size = len(dataset)
        self.chunk = dataset.chunk
        self.window = dataset.window
        self._chunks: OrderedDict[int, Future[NDArray[np.uint8]]] = OrderedDict()
        self._max_chunks = 2 * max(1, dataset.window // dataset.chunk) + 1
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-stream")
        first = self._images(range(1))
        channels = first.shape[3] if preparation.channels == "auto" else preparation.channels
        self.shape = ImageShape(channels, preparation.height, preparation.width)
        self.condition = condition_of(dataset)
        self.values = require_values(dataset.values, self.condition, self._size, dataset_name)
        self.identity = preparation.identity(dataset, dataset_name)

    def __len__(self) -> int:
        return self._size

    def take(self, numbers: Indices) -> NDArray[np.uint8]:
        """The images of these numbers, uint8 (N, H, W, C)."""
        taken = np.empty((len(numbers), *self.shape[1:], self.shape.channels), np.uint8)
        chunks = numbers // self.chunk
        for chunk in np.unique(chunks):
            in_chunk = chunks == chunk
            taken[in_chunk] = self._request(int(chunk)).result()[numbers[in_chunk] % self.chunk]
        while len(self._chunks) > self._max_chunks:
            self._chunks.popitem(last=False)
        return taken

    def expect(self, numbers: Indices) -> None:
        """Start to read the chunks of these images, if they are not in memory."""
        for chunk in np.unique(numbers // self.chunk):
            self._request(int(chunk))

    def _request(self, chunk: int) -> Future[NDArray[np.uint8]]:
        """A chunk; starts to read it if it is not in memory."""
        if chunk not in self._chunks:
            self._chunks[chunk] = self._reader.submit(self._read, chunk)
        self._chunks.move_to_end(chunk)
        return self._chunks[chunk]

    def _read(self, chunk: int) -> NDArray[np.uint8]:
        start = chunk * self.chunk
        images = self._images(range(start, min(start + self.chunk, self._size)))
        if images.shape[1:] == (*self.shape[1:], self.shape.channels):
            return images
        preparation = self._how.model_copy(update={"channels": self.shape.channels})
        return np.stack([prepare(image, preparation) for image in images])

    def _images(self, indices: range) -> NDArray[np.uint8]:
        with self._code:
            images, _ = self._source.read(indices)
            require_array(images, "the first value of read()", ndim=4)
            return images

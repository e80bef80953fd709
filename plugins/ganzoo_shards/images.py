"""The images in shards."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import Condition, RangeFile, RequestError, address_beside, open_range_file
from ganzoo_shards.index import StoredFile, read_index, read_labels

if TYPE_CHECKING:
    from ganzoo_shards import ShardsOptions

_INDEX = "index.json"
_OPENED_AT_ONCE = 16


class ShardImages:
    """The images in all shards of an index, in order, with their labels or values if there are any.

    A chunk is read by one request, or by one for each shard that it is in; its SHA-256 is compared
    with the index.
    """

    def __init__(self, options: ShardsOptions) -> None:
        if options.path is None:
            raise RequestError(
                "shards needs the folder of an index: write dataset.path=FOLDER, or an address "
                "such as s3://bucket/flowers"
            )
        address = options.path.rstrip("/")
        self._address = address if address.endswith(".json") else f"{address}/{_INDEX}"
        self._options = options
        self._index = read_index(open_range_file(self._address, options))
        self.chunk, self.window = self._index.chunk, options.window
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            self._files = list(pool.map(self._open, self._index.shards))
        self._ends = np.cumsum([shard.images for shard in self._index.shards])
        self.values: NDArray[Any] | None = None
        self.condition: Condition | None = None
        if self._index.labels:
            labels = self._open(self._index.labels)
            self.values, self.condition = read_labels(labels, self._index)
        self.class_names = self.condition.class_names if self.condition else ()

    @cached_property
    def fingerprint(self) -> str:
        """The content of the images and labels, wherever they are."""
        return self._index.fingerprint

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], Any]:
        value = None if self.values is None else self.values[index].tolist()
        return self.read_images(np.array([index]))[0], value

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
        """Images, uint8 (N, H, W, C), and labels, int64 (N,), or values, float32 (N, D), if any."""
        numbers = np.array(indices, np.intp)
        parts = [
            numbers[numbers // self.chunk == chunk] for chunk in np.unique(numbers // self.chunk)
        ]
        images = np.concatenate([self.read_images(part) for part in parts])
        return images, None if self.values is None else self.values[numbers]

    def read_images(self, numbers: NDArray[np.intp]) -> NDArray[np.uint8]:
        """These images of one chunk, uint8 (N, H, W, C)."""
        chunk = int(numbers[0]) // self.chunk
        start = chunk * self.chunk
        images = self._read_chunk(chunk, start, min(start + self.chunk, len(self)))
        return images if len(numbers) == len(images) else images[numbers - start]

    def _read_chunk(self, chunk: int, start: int, stop: int) -> NDArray[np.uint8]:
        parts, files, size = [], [], self._index.image_bytes
        for shard in range(int(np.searchsorted(self._ends, start, side="right")), len(self._files)):
            stored, file = self._index.shards[shard], self._files[shard]
            first = int(self._ends[shard]) - stored.images
            if first >= stop:
                break
            header = stored.bytes - stored.images * size
            low, high = max(start - first, 0), min(stop - first, stored.images)
            parts.append(file.read(header + low * size, header + high * size))
            files.append(file.address)
        content = b"".join(parts)
        if hashlib.sha256(content).hexdigest() != self._index.chunk_sha256[chunk]:
            raise RequestError(
                f"images {start:,} to {stop - 1:,} in {' and '.join(files)} are not those of "
                f"{self._address}: copy the shards and the index again"
            )
        return np.frombuffer(content, np.uint8).reshape(-1, *self._index.shape)

    def _open(self, stored: StoredFile) -> RangeFile:
        """A file of the index, of the size that the index says."""
        file = open_range_file(address_beside(self._address, stored.file), self._options)
        if file.size != stored.bytes:
            raise RequestError(
                f"{file.address} has {file.size:,} bytes, and {stored.bytes:,} in "
                f"{self._address}: copy the shards and the index again"
            )
        return file

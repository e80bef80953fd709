"""The images in tar files of WebDataset."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import (
    Condition,
    RangeFile,
    RequestError,
    encode_condition,
    encode_labels,
    expand_addresses,
    open_image,
    open_range_file,
    show_progress,
)
from ganzoo_webdataset.tar_index import TarIndex, index_of, is_indexed

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo_webdataset import WebDatasetOptions

_AT_ONCE = 8
_CHUNK_BYTES = 2 * 2**20
"""The approximate size of a chunk of images."""
_MOST_IN_CHUNK = 4096


class WebDatasetImages:
    """The images in tar files, in order, with their labels or values if there are any.

    The files are indexed once. Then the images of a chunk are read by one request for each file
    that it is in, and decoded. Nothing is extracted.
    """

    def __init__(self, options: WebDatasetOptions) -> None:
        if options.path is None:
            raise RequestError(
                "webdataset needs tar files: write dataset.path='train-{000..099}.tar'"
            )
        self._options = options
        addresses = expand_addresses(options.path)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self._files = list(pool.map(lambda each: open_range_file(each, options), addresses))
            indexes = _indexes(self._files, options.label_key, pool)
        self._hashes = [index.sha256 for index in indexes]
        self._left_out = sum(index.without_image for index in indexes)
        self._ends = np.cumsum([len(index.offsets) for index in indexes])
        self._offsets = np.concatenate([index.offsets for index in indexes])
        self._sizes = np.concatenate([index.sizes for index in indexes])
        if not len(self):
            raise RequestError(f"there are no images in {options.path}")
        self.window = options.window
        self.chunk = min(_MOST_IN_CHUNK, max(1, int(_CHUNK_BYTES / (self._sizes.mean() + 512))))
        labels = [label for index in indexes for label in index.labels]
        self.values, self.condition = _conditions(labels, options)
        self.class_names = self.condition.class_names if self.condition else ()

    @cached_property
    def fingerprint(self) -> str:
        """The content of the tar files, wherever they are."""
        content = [*self._hashes, self._options.label_key or "", str(self.chunk)]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()

    @property
    def notes(self) -> list[str]:
        """A line about what is left out."""
        if not self._left_out:
            return []
        return [f"{self._left_out:,} samples in {self._options.path} have no image: left out"]

    def name(self, index: int) -> str:
        """The image's name, and its tar file."""
        number, row = self._place(index)
        names = index_of(self._files[number], self._options.label_key).names
        return f"{names[row]} in {self._files[number].address}"

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> tuple[Image, Any]:
        value = None if self.values is None else self.values[index].tolist()
        return self.read_images(np.array([index]))[0], value

    def read_images(self, numbers: NDArray[np.intp]) -> Sequence[Image]:
        """These images of one chunk, decoded."""
        images: list[Image] = []
        files = np.searchsorted(self._ends, numbers, side="right")
        for number in np.unique(files):
            chosen = numbers[files == number]
            contents = self._contents(self._files[number], chosen)
            images += map(self._decode, chosen.tolist(), contents)
        return images

    def _contents(self, file: RangeFile, numbers: NDArray[np.intp]) -> list[bytes]:
        """The content of these images of one tar file, by one request if they are near."""
        starts, sizes = self._offsets[numbers], self._sizes[numbers]
        first, last = int(starts[0]), int(starts[-1] + sizes[-1])
        if last - first > 4 * _CHUNK_BYTES + 2 * sizes.sum():  # large files lie between them
            return [
                file.read(start, start + size)
                for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
            ]
        content = file.read(first, last)
        ends = starts + sizes
        return [content[a - first : b - first] for a, b in zip(starts, ends, strict=True)]

    def _decode(self, number: int, content: bytes) -> Image:
        try:
            return open_image(io.BytesIO(content), "")
        except RequestError:
            return open_image(io.BytesIO(content), self.name(number))  # raises it with the name

    def _place(self, index: int) -> tuple[int, int]:
        """The number of the tar file, and the row in its index."""
        number = int(np.searchsorted(self._ends, index, side="right"))
        return number, index - (int(self._ends[number - 1]) if number else 0)


def _indexes(
    files: Sequence[RangeFile], label_key: str | None, pool: ThreadPoolExecutor
) -> list[TarIndex]:
    """The index of each file, without the names of its images."""
    missing = sum(not is_indexed(file, label_key) for file in files)
    indexes: list[TarIndex] = []
    with show_progress("tar files indexed", "indexing {} tar files") as progress:
        for index in pool.map(lambda file: index_of(file, label_key), files):
            if missing:
                progress(len(indexes), len(files))
            indexes.append(index._replace(names=[]))
    return indexes


def _conditions(
    labels: Sequence[Any], options: WebDatasetOptions
) -> tuple[NDArray[Any] | None, Condition | None]:
    """The label of each image, int64 (N,), or its values, float32 (N, D), and their meaning."""
    name = f"the labels in {options.path}"
    if all(label is None for label in labels):
        return None, None
    kinds = {type(label) for label in labels}
    if kinds == {list}:
        lengths = {len(label) for label in labels}
        if len(lengths) > 1:
            raise RequestError(
                f"{name} have {min(lengths)} to {max(lengths)} numbers: give each image as many"
            )
        return encode_condition(np.array(labels), name)
    if kinds - {type(None)} not in ({int}, {str}):
        raise RequestError(f"{name} are of several kinds: give each image a number, or each a text")
    values = np.array(labels, object if None in labels else None)
    numbers, class_names = encode_labels(values, name)
    return numbers, Condition("class", class_names)

"""The images in an HDF5 file."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import (
    Condition,
    ImageArray,
    RequestError,
    encode_condition,
    fingerprint_of_file,
    free_memory,
)
from ganzoo_hdf5.store import Store, StoredArray, is_text

if TYPE_CHECKING:
    from ganzoo_hdf5 import Hdf5Options

_LABELS = "labels"
_VALUE_NAMES, _RANGES = ("value_names",), "value_ranges"
_CLASS_NAMES = ("class_names", *_VALUE_NAMES)
_MOST_VALUES = 1000
_MIN_READ = 2**20
"""Bytes to read at once: for less, the overhead of a read is larger than the read."""


class Hdf5Images:
    """The images in an HDF5 file, with their labels or values if the file has any."""

    def __init__(self, options: Hdf5Options) -> None:
        if options.path is None:
            raise RequestError("hdf5 needs a file: write dataset.path=FILE.h5")
        self._options = options
        self._store = Store(options.path)
        name = f"{options.path}: {options.images_key}"
        with closing(self._store):  # no file may be open when the process is forked
            self._array = self._find_images()
            stored = {key: self._store.attribute_text(key) for key in ("layout", "range")}
            self._images = ImageArray(self._array, name, options.layout, options.range, stored)
            self.values, self.condition = self._find_values()
        self.class_names = self.condition.class_names if self.condition else ()
        self._loads = self._should_load()
        self._loaded: NDArray[np.uint8] | None = None
        self._lock = threading.Lock()

    @property
    def chunk(self) -> int:
        """The number of images to read together: whole chunks of the file, 1 MiB or more."""
        rows = self._array.rows_in_chunk
        row = math.prod(self._array.shape[1:]) * self._array.dtype.itemsize
        return min(len(self), rows * max(1, _MIN_READ // (rows * row)))

    @property
    def window(self) -> int:
        """The number of images that are shuffled together."""
        return self._options.window

    @cached_property
    def fingerprint(self) -> str:
        """The content of the file and the options that change the images."""
        content = fingerprint_of_file(self._store.path)
        keys = (self._options.images_key, self._options.labels_key or "")
        return "-".join([content, self._images.layout, self._images.range, *keys])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], Any]:
        images, values = self.read(range(index, index + 1))
        return images[0], None if values is None else values[0].tolist()

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
        """Images, uint8 (N, H, W, C), and labels, int64 (N,), or values, float32 (N, D), if any."""
        rows = slice(indices.start, indices.stop, indices.step)
        images = self._all()[rows] if self._loads else self._images.read(indices)
        return images, None if self.values is None else self.values[rows]

    def _find_images(self) -> StoredArray:
        key = self._options.images_key
        if array := self._store.array(key):
            return array
        names = ", ".join(self._store.names())
        raise RequestError(
            f"{self._store.path} has no dataset {key!r}: write dataset.images_key=NAME, "
            + (f"one of {names}" if names else "but the file has no datasets")
        )

    def _find_values(self) -> tuple[NDArray[Any] | None, Condition | None]:
        key = self._options.labels_key or _LABELS
        name = f"{self._store.path}: {key}"
        labels = self._store.array(key)
        if labels is None:
            if self._options.labels_key:
                names = ", ".join(self._store.names())
                raise RequestError(
                    f"{self._store.path} has no dataset {key!r}: write dataset.labels_key=NAME, "
                    f"one of {names}"
                )
            return None, None
        if labels.shape[:1] != (len(self),) or math.prod(labels.shape[1:]) > _MOST_VALUES:
            raise RequestError(
                f"{name} has the shape {labels.shape}, but there are {len(self)} images, and at "
                f"most {_MOST_VALUES} values of each"
            )
        texts = is_text(labels.dtype)
        values: NDArray[Any] = np.array(labels.texts()) if texts else labels[0 : len(self)]
        stored = self._store.array(_RANGES)
        ranges = stored[0:_MOST_VALUES] if stored and len(stored.shape) == 2 else None
        conditions = self._names(_CLASS_NAMES if ranges is None else _VALUE_NAMES)
        return encode_condition(values, name, conditions, ranges)

    def _names(self, keys: Sequence[str]) -> list[str]:
        """The names in the first of these datasets or attributes that the file has."""
        for key in keys:
            stored = self._store.array(key)
            if found := stored.texts() if stored else self._store.attribute_texts(key):
                return found
        return []

    def _should_load(self) -> bool:
        memory, free = self._options.memory, free_memory()
        size = math.prod(self._array.shape)  # as uint8
        if memory == "load" and size > free:
            raise RequestError(
                f"{self._store.path} needs {size:,} bytes of memory, and {free:,} are free: write "
                "dataset.memory=stream"
            )
        return memory == "load" or (memory == "auto" and size <= free // 4)

    def _all(self) -> NDArray[np.uint8]:
        """All images, loaded into memory by the first call."""
        with self._lock, closing(self._store):
            if self._loaded is None:
                shape = self._images.read(range(1)).shape[1:]
                loaded = np.empty((len(self), *shape), np.uint8)
                for start in range(0, len(self), self.chunk):
                    indices = range(start, min(start + self.chunk, len(self)))
                    loaded[start : indices.stop] = self._images.read(indices)
                self._loaded = loaded
            return self._loaded

"""The images in an HDF5 file."""

from __future__ import annotations

import math
import threading
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import ImageArray, RequestError, fingerprint_of_file, number_classes
from ganzoo_hdf5.memory import free_memory
from ganzoo_hdf5.store import Store, StoredArray, is_text

if TYPE_CHECKING:
    from ganzoo_hdf5 import Hdf5Options

_LABELS = "labels"
_CLASS_NAMES = "class_names"
_READ_AT_ONCE = 2**20
"""Bytes: for less, the way to the file takes longer than the reading."""


class Hdf5Images:
    """The images of an array in an HDF5 file, with their labels where the file has some."""

    def __init__(self, options: Hdf5Options) -> None:
        if options.path is None:
            raise RequestError("hdf5 has no images yet: write dataset.path=FILE.h5")
        self._options = options
        self._store = Store(options.path)
        name = f"{options.path}: {options.images_key}"
        with closing(self._store):  # so that nothing is open when a process is forked
            self._array = self._find_images()
            stated = {key: self._store.attribute_text(key) for key in ("layout", "range")}
            self._images = ImageArray(self._array, name, options.layout, options.range, stated)
            self.labels, self.class_names = self._classes()
        self._loads = self._is_to_be_loaded()
        self._loaded: NDArray[np.uint8] | None = None
        self._lock = threading.Lock()

    @property
    def chunk(self) -> int:
        """Whole chunks of the file, of a mebibyte at least."""
        rows = self._array.rows_in_chunk
        row = math.prod(self._array.shape[1:]) * self._array.dtype.itemsize
        return min(len(self), rows * max(1, _READ_AT_ONCE // (rows * row)))

    @property
    def window(self) -> int:
        """As the options say."""
        return self._options.window

    @cached_property
    def fingerprint(self) -> str:
        """The content of the file, and how it is read."""
        content = fingerprint_of_file(self._store.path)
        keys = (self._options.images_key, self._options.labels_key or "")
        return "-".join([content, self._images.layout, self._images.range, *keys])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int | None]:
        images, labels = self.read(range(index, index + 1))
        return images[0], None if labels is None else int(labels[0])

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Many images of shape (N, H, W, C) at once, with their labels of shape (N,)."""
        rows = slice(indices.start, indices.stop, indices.step)
        images = self._all()[rows] if self._loads else self._images.read(indices)
        return images, None if self.labels is None else self.labels[rows]

    def _find_images(self) -> StoredArray:
        key = self._options.images_key
        if found := self._store.array(key):
            return found
        names = ", ".join(self._store.names())
        raise RequestError(
            f"{self._store.path} has no dataset {key!r}: write dataset.images_key=NAME, "
            + (f"with one of {names}" if names else "but it has no datasets at all")
        )

    def _classes(self) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
        key = self._options.labels_key or _LABELS
        name = f"{self._store.path}: {key}"
        labels = self._store.array(key)
        if labels is None:
            if self._options.labels_key:
                known = ", ".join(self._store.names())
                raise RequestError(f"{self._store.path} has no dataset {key!r}: it has {known}")
            return None, ()
        if labels.shape[:1] != (len(self),) or math.prod(labels.shape[1:]) != 1:
            raise RequestError(
                f"{name} has the shape {labels.shape}, and there are {len(self)} images"
            )
        texts = is_text(labels.dtype)
        values: NDArray[Any] = np.array(labels.texts()) if texts else labels[0 : len(self)]
        return number_classes(values, name, self._names_of_classes())

    def _names_of_classes(self) -> list[str]:
        found = self._store.array(_CLASS_NAMES)
        return found.texts() if found else self._store.attribute_texts(_CLASS_NAMES)

    def _is_to_be_loaded(self) -> bool:
        memory, free = self._options.memory, free_memory()
        size = math.prod(self._array.shape)  # as uint8
        if memory == "load" and size > free:
            raise RequestError(
                f"{self._store.path} takes {size:,} bytes of memory, and {free:,} are free: write "
                "dataset.memory=stream"
            )
        loads = memory == "load" or (memory == "auto" and size <= free // 4)
        if not loads:
            self._refuse_large_window(free)
        return loads

    def _refuse_large_window(self, free: int) -> None:
        """Raise RequestError if two windows, the one in use and the next, do not fit."""
        image = math.prod(self._array.shape[1:])  # as uint8
        size = image * min(len(self), 2 * self.window)
        if size > free:
            raise RequestError(
                f"{self._store.path}: two windows of {self.window:,} images take {size:,} bytes "
                f"of memory, and {free:,} are free: write "
                f"dataset.window={max(1, free // (4 * image))}"  # which leaves a half free
            )

    def _all(self) -> NDArray[np.uint8]:
        """All images, loaded when the first of them are asked for."""
        with self._lock, closing(self._store):
            if self._loaded is None:
                shape = self._images.read(range(1)).shape[1:]
                loaded = np.empty((len(self), *shape), np.uint8)
                for start in range(0, len(self), self.chunk):
                    indices = range(start, min(start + self.chunk, len(self)))
                    loaded[start : indices.stop] = self._images.read(indices)
                self._loaded = loaded
            return self._loaded

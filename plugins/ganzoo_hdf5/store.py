"""Arrays in HDF5 files that are not trusted: no links, no external files, no filter plugins."""

from __future__ import annotations

import math
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError, require_package

h5py = require_package("h5py", "hdf5", "ganzoo-toolkit[hdf5]")

_MAX_READ = 512 * 1024**2
"""Bytes of a chunk, or of the images in it."""
_MAX_COMPRESSION = 1100
"""The largest compression ratio: that of deflate is 1032."""
_MAX_TEXTS = 1_000_000
_MAX_TEXT_LENGTH = 1000
_MAX_SHOWN = 12
_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_LZF,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_SHUFFLE,
}
"""The built-in filters; all others are plugins, which load a library."""


class Store:
    """An HDF5 file, opened at the first read, separately in each process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._file: Any = None
        self._process = 0

    @contextmanager
    def opened(self, what: str = "") -> Iterator[Any]:
        """The open file, for one thread at a time; ``what`` is for errors, as in "labels of ".

        Raises RequestError for all errors of HDF5.
        """
        try:
            with self._lock:
                if self._process != os.getpid():
                    self._file, self._process = _open(self.path), os.getpid()
                yield self._file
        except RequestError:
            raise
        except (OSError, RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:
            raise RequestError(
                f"cannot read {what}{self.path}, it is damaged or not supported: "
                f"{str(error) or 'out of memory'}"
            ) from error

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        with self._lock:
            if self._process == os.getpid():
                self._file.close()
            self._process = 0

    def names(self) -> list[str]:
        """The names of the first datasets in the file."""
        names: list[str] = []

        def visit(name: str | bytes, node: Any) -> bool | None:
            if isinstance(node, h5py.Dataset):
                plain = isinstance(name, str) and name.isprintable()
                names.append(str(name) if plain else ascii(name))
            return True if len(names) == _MAX_SHOWN else None

        with self.opened() as file:
            file.visititems(visit)  # does not follow links
        return names

    def array(self, key: str) -> StoredArray | None:
        """The dataset of this name, or ``None``.

        Raises RequestError for a link, data in other files, a filter that is not built into HDF5,
        chunks that are too large, or data that was not written completely.
        """
        name = f"{self.path}: {key}"
        with self.opened(f"{key} of ") as file:
            node = file
            for part in filter(None, key.split("/")):
                if not isinstance(node, h5py.Group) or not node.id.links.exists(part.encode()):
                    return None
                if node.id.links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
                    raise RequestError(f"{name} is a link: copy its target into the file")
                node = node[part]
            if not isinstance(node, h5py.Dataset):
                return None
            _check(node, name)
            return StoredArray(self, key, node)

    def attribute_texts(self, key: str) -> list[str]:
        """The strings in an attribute of the file; empty if there is no such attribute."""
        with self.opened(f"{key} of ") as file:
            values = np.atleast_1d(file.attrs.get(key, np.array([], str)))
            return [_text(value, f"{self.path}: {key}") for value in values]

    def attribute_text(self, key: str) -> str:
        """The string in an attribute of the file; empty if there is no such string."""
        with self.opened(f"{key} of ") as file:
            value = file.attrs.get(key)
            return _text(value, f"{self.path}: {key}") if isinstance(value, str | bytes) else ""


class StoredArray:
    """A dataset of an HDF5 file, read by slices of rows."""

    def __init__(self, store: Store, key: str, dataset: Any) -> None:
        self.shape: tuple[int, ...] = dataset.shape
        """The length of each axis."""
        self.dtype: np.dtype[Any] = dataset.dtype
        """The type of its values."""
        self.rows_in_chunk: int = dataset.chunks[0] if dataset.chunks else 1
        """The number of rows in a chunk, which are read together."""
        self._store = store
        self._key = key

    def __getitem__(self, rows: slice, /) -> NDArray[Any]:
        with self._store.opened(f"{self._key}[{rows.start}:{rows.stop}] of ") as file:
            values: NDArray[Any] = file[self._key][rows]
        return values

    def texts(self) -> list[str]:
        """All rows as strings.

        Raises RequestError if they are not strings, or are too many or too long.
        """
        name = f"{self._store.path}: {self._key}"
        if len(self.shape) != 1 or self.shape[0] > _MAX_TEXTS:
            raise RequestError(f"{name} has the shape {self.shape}, and is not a list of strings")
        with self._store.opened(f"{self._key} of ") as file:
            dataset = file[self._key]
            # One by one, because a few bytes of the file may decompress to many long strings.
            return [_text(dataset[row], name) for row in range(self.shape[0])]


def is_text(dtype: np.dtype[Any]) -> bool:
    """Whether h5py reads strings of HDF5 as this type."""
    return h5py.check_string_dtype(dtype) is not None


def _open(path: Path) -> Any:
    try:
        # Opening a named pipe would block.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is not a file: write dataset.path=FILE.h5")
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    if not h5py.is_hdf5(path):
        raise RequestError(f"{path} is not an HDF5 file: write dataset.path=FILE.h5")
    # Locks fail on read-only mounts. The chunk cache is for images that are read one by one.
    return h5py.File(path, "r", locking=False, rdcc_nbytes=16 * 1024**2)


def _check(dataset: Any, name: str) -> None:
    """Raise RequestError for a dataset that should not be read; nothing of it is read."""
    properties = dataset.id.get_create_plist()
    if dataset.is_virtual or properties.get_external_count():
        raise RequestError(f"{name} has its data in other files: copy it into this file")
    filters = {properties.get_filter(i)[0] for i in range(properties.get_nfilters())}
    if not filters <= _FILTERS:
        raise RequestError(
            f"{name} is compressed by a filter that is not built into HDF5: write it again with "
            "compression='gzip' or without compression"
        )
    shape: Sequence[int] = dataset.shape or ()
    chunk: Sequence[int] = dataset.chunks or shape[:0]
    size = math.prod(shape) * dataset.dtype.itemsize
    images_of_chunk = (chunk[:1] or (1,))[0] * math.prod(shape[1:])
    if max(math.prod(chunk), images_of_chunk) * dataset.dtype.itemsize > _MAX_READ:
        raise RequestError(
            f"{name} has the shape {tuple(shape)} in chunks of {tuple(chunk) or 'one row'}, and "
            f"more than {_MAX_READ:,} bytes are read at once: write it again in smaller chunks"
        )
    if size > dataset.id.get_storage_size() * (_MAX_COMPRESSION if filters else 1):
        raise RequestError(
            f"{name} has the shape {tuple(shape)}, but was not written completely: the file has "
            f"{dataset.id.get_storage_size():,} of {size:,} bytes"
        )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str | bytes):
        raise RequestError(f"{name} must be strings, not {type(value).__name__}")
    if len(value) > _MAX_TEXT_LENGTH:
        raise RequestError(
            f"{name} has a string of {len(value):,} characters: at most "
            f"{_MAX_TEXT_LENGTH:,} are allowed"
        )
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")

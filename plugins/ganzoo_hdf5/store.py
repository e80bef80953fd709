"""Arrays in HDF5 files, read with suspicion: from the file alone, by HDF5's own code."""

from __future__ import annotations

import math
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError

_MOST_AT_ONCE = 512 * 1024**2
"""Bytes of a chunk, or of the images in it."""
_MOST_PACKED = 1100
"""What a byte may unpack to: deflate reaches 1032."""
_MOST_TEXTS = 1_000_000
_LONGEST_TEXT = 1000
_MOST_SHOWN = 12
_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_LZF,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
    h5py.h5z.FILTER_SHUFFLE,
}
"""Those that are built in; any other is a plugin, which is a library of unknown origin."""


class Store:
    """An HDF5 file, opened when something is read from it, by each process for itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._file: Any = None
        self._process = 0

    @contextmanager
    def opened(self, what: str = "") -> Iterator[Any]:
        """The open file, for one thread at a time; errors name ``what``, as in "labels of ".

        Raises RequestError for whatever HDF5 refuses.
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
                f"cannot read {what}{self.path}, it is damaged or of another kind: "
                f"{str(error) or 'no memory'}"
            ) from error

    def close(self) -> None:
        """Leave nothing open, until something is read again."""
        with self._lock:
            if self._process == os.getpid():
                self._file.close()
            self._process = 0

    def names(self) -> list[str]:
        """What the datasets in the file are called; the first dozen."""
        found: list[str] = []

        def look(name: str | bytes, node: Any) -> bool | None:
            if isinstance(node, h5py.Dataset):
                plain = isinstance(name, str) and name.isprintable()
                found.append(str(name) if plain else ascii(name))
            return True if len(found) == _MOST_SHOWN else None

        with self.opened() as file:
            file.visititems(look)  # which follows no links
        return found

    def array(self, key: str) -> StoredArray | None:
        """The dataset of this name, if there is one.

        Raises RequestError for one that is linked to, lies in other files, needs a filter that
        HDF5 has not built in, is absurdly large, or was not written to its end.
        """
        name = f"{self.path}: {key}"
        with self.opened(f"{key} of ") as file:
            node = file
            for part in filter(None, key.split("/")):
                if not isinstance(node, h5py.Group) or not node.id.links.exists(part.encode()):
                    return None
                if node.id.links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
                    raise RequestError(f"{name} is a link: copy what it leads to into the file")
                node = node[part]
            if not isinstance(node, h5py.Dataset):
                return None
            _refuse(node, name)
            return StoredArray(self, key, node)

    def attribute_texts(self, key: str) -> list[str]:
        """The texts in an attribute of the file itself; none if it has no such attribute."""
        with self.opened(f"{key} of ") as file:
            values = np.atleast_1d(file.attrs.get(key, np.array([], str)))
            return [_text(value, f"{self.path}: {key}") for value in values]

    def attribute_text(self, key: str) -> str:
        """The text in an attribute of the file itself; empty if it has no such text."""
        with self.opened(f"{key} of ") as file:
            value = file.attrs.get(key)
            return _text(value, f"{self.path}: {key}") if isinstance(value, str | bytes) else ""


class StoredArray:
    """A dataset of an HDF5 file, whose rows are read when they are asked for."""

    def __init__(self, store: Store, key: str, dataset: Any) -> None:
        self.shape: tuple[int, ...] = dataset.shape
        """The length of each axis."""
        self.dtype: np.dtype[Any] = dataset.dtype
        """The type of its numbers."""
        self.rows_in_chunk: int = dataset.chunks[0] if dataset.chunks else 1
        """How many rows can only be read together."""
        self._store = store
        self._key = key

    def __getitem__(self, rows: slice, /) -> NDArray[Any]:
        with self._store.opened(f"{self._key}[{rows.start}:{rows.stop}] of ") as file:
            values: NDArray[Any] = file[self._key][rows]
        return values

    def texts(self) -> list[str]:
        """All its rows as texts.

        Raises RequestError unless they are texts, and few and short enough.
        """
        name = f"{self._store.path}: {self._key}"
        if len(self.shape) != 1 or self.shape[0] > _MOST_TEXTS:
            raise RequestError(f"{name} has the shape {self.shape}, which is no list of texts")
        with self._store.opened(f"{self._key} of ") as file:
            dataset = file[self._key]
            # One by one, since a few bytes of the file may stand for many long texts.
            return [_text(dataset[row], name) for row in range(self.shape[0])]


def is_text(dtype: np.dtype[Any]) -> bool:
    """Whether HDF5 has texts where NumPy has this type."""
    return h5py.check_string_dtype(dtype) is not None


def _open(path: Path) -> Any:
    try:
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is no file: write dataset.path=FILE.h5")
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    if not h5py.is_hdf5(path):
        raise RequestError(f"{path} is no HDF5 file: write dataset.path=FILE.h5")
    # Locks fail on read-only mounts. The cache is for images that are read one by one.
    return h5py.File(path, "r", locking=False, rdcc_nbytes=16 * 1024**2)


def _refuse(dataset: Any, name: str) -> None:
    """Raise RequestError for what should not be read, before anything is."""
    made = dataset.id.get_create_plist()
    if dataset.is_virtual or made.get_external_count():
        raise RequestError(f"{name} lies in other files: copy them into one")
    filters = {made.get_filter(number)[0] for number in range(made.get_nfilters())}
    if not filters <= _FILTERS:
        raise RequestError(
            f"{name} is packed by a filter that HDF5 has not built in: write it anew, with "
            "compression='gzip' or none"
        )
    shape: Sequence[int] = dataset.shape or ()
    chunk: Sequence[int] = dataset.chunks or shape[:0]
    size = math.prod(shape) * dataset.dtype.itemsize
    together = (chunk[:1] or (1,))[0] * math.prod(shape[1:])
    if max(math.prod(chunk), together) * dataset.dtype.itemsize > _MOST_AT_ONCE:
        raise RequestError(
            f"{name} has the shape {tuple(shape)} in chunks of {tuple(chunk) or 'one row'}, and "
            f"{_MOST_AT_ONCE:,} bytes at once are the most: write it anew in smaller chunks"
        )
    if size > dataset.id.get_storage_size() * (_MOST_PACKED if filters else 1):
        raise RequestError(
            f"{name} has the shape {tuple(shape)}, but was not written to its end: the file holds "
            f"{dataset.id.get_storage_size():,} of {size:,} bytes"
        )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str | bytes):
        raise RequestError(f"{name} holds {type(value).__name__}, and should hold texts")
    if len(value) > _LONGEST_TEXT:
        raise RequestError(f"{name} holds a text of {len(value):,} characters: are these names?")
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")

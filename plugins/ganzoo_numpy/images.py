"""The images in a .npy or .npz file."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo import Condition, ImageArray, RequestError, encode_condition, fingerprint_of_file
from ganzoo_numpy.files import Npz, map_npy

if TYPE_CHECKING:
    from ganzoo_numpy import NumpyOptions

_IMAGES = ("images", "x", "arr_0")
_LABELS = ("labels", "y")
_VALUE_NAMES, _RANGES = ("value_names",), "value_ranges"
_CLASS_NAMES = ("class_names", *_VALUE_NAMES)


class _Arrays(NamedTuple):
    """The arrays of a file and their names."""

    images: NDArray[Any]
    values: NDArray[Any] | None = None
    condition: Condition | None = None
    keys: tuple[str, ...] = ()
    stored: Mapping[str, str] | None = None
    """The layout and range stored in the file."""


class NumpyImages:
    """The images of an array, with their labels or values if the file has any."""

    def __init__(self, options: NumpyOptions) -> None:
        if options.path is None:
            raise RequestError("numpy needs a file: write dataset.path=FILE.npy or FILE.npz")
        self._path = options.path
        arrays = _read(options.path, options)
        name = ": ".join([str(options.path), *arrays.keys[:1]])
        self._images = ImageArray(arrays.images, name, options.layout, options.range, arrays.stored)
        self._keys = arrays.keys
        self._values = arrays.values
        self.condition = arrays.condition
        self.class_names = arrays.condition.class_names if arrays.condition else ()
        if self._values is not None and len(self._values) != len(self):
            raise RequestError(
                f"{name} has {len(self)} images, but {arrays.keys[1]} has {len(self._values)}"
            )

    @cached_property
    def fingerprint(self) -> str:
        """The content of the file and the options that change the images."""
        content = fingerprint_of_file(self._path)
        return "-".join([content, self._images.layout, self._images.range, *self._keys])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], Any]:
        value = None if self._values is None else self._values[index].tolist()
        return self._images.read(range(index, index + 1))[0], value

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
        """Images, uint8 (N, H, W, C), and labels, int64 (N,), or values, float32 (N, D), if any."""
        values = None if self._values is None else self._values[indices]
        return self._images.read(indices), values


def _read(path: Path, options: NumpyOptions) -> _Arrays:
    if _is_npz(path):
        return _read_npz(Npz(path), options)
    if options.images_key or options.labels_key:
        raise RequestError(
            f"{path} is a single array without a name: remove dataset.images_key and "
            "dataset.labels_key, or use an .npz file"
        )
    return _Arrays(map_npy(path))


def _is_npz(path: Path) -> bool:
    """Whether a file is an .npz file (true) or a .npy file (false), by its first bytes."""
    try:
        # Opening a named pipe would block.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is not a file: write dataset.path=FILE.npy or FILE.npz")
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    if start != b"\x93NUMPY" and start[:2] != b"PK":
        raise RequestError(f"{path} is not a .npy or .npz file: write dataset.path=FILE.npy")
    return start[:2] == b"PK"


def _read_npz(file: Npz, options: NumpyOptions) -> _Arrays:
    images = _find_key(file, "images_key", options.images_key, _IMAGES)
    if images is None:
        raise RequestError(
            f"{file.path} has no images called {', '.join(_IMAGES)}: "
            + (
                f"write dataset.images_key=NAME, one of {file.shown}"
                if file.keys
                else "write the arrays with np.savez"
            )
        )
    stored = {key: _stored_text(file, key) for key in ("layout", "range")}
    labels = _find_key(file, "labels_key", options.labels_key, _LABELS)
    if labels is None:
        return _Arrays(file.read(images), keys=(images,), stored=stored)
    ranges = file.read(_RANGES) if _RANGES in file.keys else None
    names = _names(file, _CLASS_NAMES if ranges is None else _VALUE_NAMES)
    values, condition = encode_condition(file.read(labels), f"{file.path}: {labels}", names, ranges)
    return _Arrays(file.read(images), values, condition, (images, labels), stored)


def _names(file: Npz, keys: Sequence[str]) -> NDArray[Any]:
    """The names in the first of these arrays that the file has; empty if it has none."""
    key = next((key for key in keys if key in file.keys), None)
    names = file.read(key) if key else np.array([], str)
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise RequestError(f"{file.path}: {key} must be strings, not {names.dtype}")
    return names


def _stored_text(file: Npz, key: str) -> str:
    """The string of this name, as ``ganzoo data pack`` stores it; empty if there is none."""
    text = file.read(key) if key in file.keys else np.array("")
    return str(text) if text.shape == () and text.dtype.kind == "U" else ""


def _find_key(file: Npz, option: str, key: str | None, usual: Sequence[str]) -> str | None:
    """The name of an array: the given ``key``, or the first of the usual names in the file."""
    if key is not None and key not in file.keys:
        raise RequestError(
            f"{file.path} has no array {key!r}: write dataset.{option}=NAME, one of {file.shown}"
        )
    return key or next((name for name in usual if name in file.keys), None)

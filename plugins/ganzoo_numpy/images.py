"""The images in a file of NumPy."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo import ImageArray, RequestError, fingerprint_of_file, number_classes
from ganzoo_numpy.files import Npz, map_npy

if TYPE_CHECKING:
    from ganzoo_numpy import NumpyOptions

_IMAGES = ("images", "x", "arr_0")
_LABELS = ("labels", "y")


class _Arrays(NamedTuple):
    """What a file holds, and under which names."""

    images: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    stated: Mapping[str, str] | None = None
    """What the file says about its layout and range."""


class NumpyImages:
    """The images of an array, with their labels where the file has some."""

    def __init__(self, options: NumpyOptions) -> None:
        if options.path is None:
            raise RequestError("numpy has no images yet: write dataset.path=FILE.npy or FILE.npz")
        self._path = options.path
        arrays = _read(options.path, options)
        name = ": ".join([str(options.path), *arrays.keys[:1]])
        self._images = ImageArray(arrays.images, name, options.layout, options.range, arrays.stated)
        self._keys = arrays.keys
        self._labels = arrays.labels
        self.class_names = arrays.class_names
        if self._labels is not None and len(self._labels) != len(self):
            raise RequestError(
                f"{name} has {len(self)} images, but {arrays.keys[1]} are {len(self._labels)}"
            )

    @cached_property
    def fingerprint(self) -> str:
        """The content of the file, and how it is read."""
        content = fingerprint_of_file(self._path)
        return "-".join([content, self._images.layout, self._images.range, *self._keys])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int | None]:
        label = None if self._labels is None else int(self._labels[index])
        return self._images.read(range(index, index + 1))[0], label

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Many images of shape (N, H, W, C) at once, with their labels of shape (N,)."""
        labels = None if self._labels is None else self._labels[indices]
        return self._images.read(indices), labels


def _read(path: Path, options: NumpyOptions) -> _Arrays:
    if _is_npz(path):
        return _read_npz(Npz(path), options)
    if options.images_key or options.labels_key:
        raise RequestError(
            f"{path} is one array without a name: leave out dataset.images_key and "
            "dataset.labels_key, or write an .npz"
        )
    return _Arrays(map_npy(path))


def _is_npz(path: Path) -> bool:
    """Whether it begins as a zip file does, and not as a .npy."""
    try:
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is no file: write dataset.path=FILE.npy or FILE.npz")
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    if start != b"\x93NUMPY" and start[:2] != b"PK":
        raise RequestError(f"{path} is no .npy or .npz file: write dataset.path=FILE.npy")
    return start[:2] == b"PK"


def _read_npz(file: Npz, options: NumpyOptions) -> _Arrays:
    images = _chosen(file, "images_key", options.images_key, _IMAGES)
    if images is None:
        raise RequestError(
            f"{file.path} has no images called {', '.join(_IMAGES)}: "
            + (
                f"write dataset.images_key=NAME, with one of {file.shown}"
                if file.keys
                else "write them with np.savez, as members called NAME.npy"
            )
        )
    stated = {key: _stated(file, key) for key in ("layout", "range")}
    labels = _chosen(file, "labels_key", options.labels_key, _LABELS)
    if labels is None:
        return _Arrays(file.read(images), keys=(images,), stated=stated)
    names = file.read("class_names") if "class_names" in file.keys else np.array([], str)
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise RequestError(f"{file.path}: class_names are {names.dtype}, and names are texts")
    numbers, class_names = number_classes(file.read(labels), f"{file.path}: {labels}", names)
    return _Arrays(file.read(images), numbers, class_names, (images, labels), stated)


def _stated(file: Npz, key: str) -> str:
    """The text of this name, as ``ganzoo data pack`` writes it; empty if there is none."""
    text = file.read(key) if key in file.keys else np.array("")
    return str(text) if text.shape == () and text.dtype.kind == "U" else ""


def _chosen(file: Npz, option: str, key: str | None, usual: Sequence[str]) -> str | None:
    """The name of an array: the one asked for, or else the first of the usual ones, if any."""
    if key is not None and key not in file.keys:
        raise RequestError(
            f"{file.path} has no array {key!r} for dataset.{option}: it has {file.shown}"
        )
    return key or next((name for name in usual if name in file.keys), None)

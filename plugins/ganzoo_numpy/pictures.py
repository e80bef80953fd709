"""The pictures in a file of NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo import PictureArray, RequestError, fingerprint_of_files, number_classes
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


class NumpyPictures:
    """The pictures of an array, with their labels where the file has some."""

    def __init__(self, options: NumpyOptions) -> None:
        if options.path is None:
            raise RequestError("numpy has no pictures yet: write dataset.path=FILE.npy or FILE.npz")
        self._path = options.path
        arrays = _read(options.path, options)
        name = ": ".join([str(options.path), *arrays.keys[:1]])
        self._pictures = PictureArray(arrays.images, name, options.layout, options.range)
        self._keys = arrays.keys
        self._labels = arrays.labels
        self.class_names = arrays.class_names
        if self._labels is not None and len(self._labels) != len(self):
            raise RequestError(
                f"{name} has {len(self)} pictures, but {arrays.keys[1]} are {len(self._labels)}"
            )

    @cached_property
    def fingerprint(self) -> str:
        """The content of the file, and how it is read."""
        content = fingerprint_of_files(self._path.parent, [self._path.name])
        return "-".join([content, self._pictures.layout, self._pictures.range, *self._keys])

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int | None]:
        label = None if self._labels is None else int(self._labels[index])
        return self._pictures.read(range(index, index + 1))[0], label

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Many pictures of shape (N, H, W, C) at once, with their labels of shape (N,)."""
        labels = None if self._labels is None else self._labels[indices]
        return self._pictures.read(indices), labels


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
            f"{file.path} has no pictures called {', '.join(_IMAGES)}: write "
            f"dataset.images_key=NAME, with one of {', '.join(file.keys)}"
        )
    labels = _chosen(file, "labels_key", options.labels_key, _LABELS)
    if labels is None:
        return _Arrays(file.read(images), keys=(images,))
    names = file.read("class_names") if "class_names" in file.keys else np.array([], str)
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise RequestError(f"{file.path}: class_names are {names.dtype}, and names are texts")
    numbers, class_names = number_classes(
        file.read(labels), f"{file.path}: {labels}", [str(name) for name in names.astype(str)]
    )
    return _Arrays(file.read(images), numbers, class_names, (images, labels))


def _chosen(file: Npz, option: str, key: str | None, usual: Sequence[str]) -> str | None:
    """The name of an array: the one asked for, or else the first of the usual ones, if any."""
    if key is not None and key not in file.keys:
        raise RequestError(
            f"{file.path} has no array {key!r} for dataset.{option}: it has {', '.join(file.keys)}"
        )
    return key or next((name for name in usual if name in file.keys), None)

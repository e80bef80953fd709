"""Arrays of numbers and their labels, read as uint8 images and numbered classes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import RequestError
from ganzoo.size import size

_CHANNELS = (1, 3, 4)
_SMALLEST_SIDE = 4
_NEAR_255 = 128
"""Floats up to here or beyond are those of a range that ends at 255."""
_BYTES_PER_READ = 2**24
_LAYOUTS = ("NHWC", "NCHW")
_RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}


class NumericArray(Protocol):
    """An array in memory or on disk, as NumPy and HDF5 have them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers."""
        ...

    def __getitem__(self, rows: slice, /) -> Any: ...


class ImageArray:
    """Images in an array of shape (N, H, W), (N, H, W, C) or (N, C, H, W).

    ``auto`` finds out which, from the one axis that is 1, 3 or 4 long, and what is black and
    white: whole numbers from 0 to 255, or floats and booleans from 0 to 1 or -1 to 1. For that,
    floats are read once from end to end. What the file itself has ``stated`` as its ``layout`` and
    ``range`` is not searched for, if it is one that can be named. Rows are taken from ``array`` as
    they are needed, so it may be larger than the memory; ``name`` is what messages call it.

    Raises RequestError for what is not certain, with the options ``layout`` and ``range`` of a
    dataset as the remedy.
    """

    def __init__(
        self,
        array: NumericArray,
        name: str,
        layout: Literal["auto", "NHWC", "NCHW"] = "auto",
        values: Literal["auto", "0..1", "-1..1", "0..255"] = "auto",
        stated: Mapping[str, str] | None = None,
    ) -> None:
        if array.dtype.kind not in "buif":
            raise RequestError(f"{name} holds {array.dtype}, and images are of numbers")
        if len(array.shape) not in (3, 4) or not all(array.shape):
            raise RequestError(
                f"{name} has the shape {array.shape}, and images have (N, H, W), (N, H, W, C) "
                "or (N, C, H, W)"
            )
        stated = stated or {}
        self._array = array
        self._name = name
        self.layout: str = "NHW" if len(array.shape) == 3 else layout
        """How the axes are ordered: NHW, NHWC or NCHW."""
        if self.layout == "auto":
            known = stated.get("layout") in _LAYOUTS
            self.layout = stated["layout"] if known else self._find_layout()
        self._require_sides()
        self.range: str = values
        """What black and white are: 0..1, -1..1 or 0..255."""
        if self.range == "auto":
            known = stated.get("range") in _RANGES
            self.range = stated["range"] if known else self._find_range()

    def __len__(self) -> int:
        return self._array.shape[0]

    def read(self, indices: range) -> NDArray[np.uint8]:
        """These images, of shape (N, H, W, C); values beyond the range are clipped."""
        rows = np.asarray(self._array[indices.start : indices.stop : indices.step])
        if self.layout == "NHW":
            rows = rows[..., np.newaxis]
        elif self.layout == "NCHW":
            rows = np.moveaxis(rows, 1, 3)
        if rows.dtype != np.uint8 or self.range != "0..255":
            self._require_finite(rows, indices.start)
            rows = _to_uint8(rows, *_RANGES[self.range])
        return np.ascontiguousarray(rows)

    def _find_layout(self) -> str:
        shape = self._array.shape
        first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
        if first == last:
            raise RequestError(
                f"{self._name} has the shape {shape}, in which "
                f"{'either axis' if first else 'no axis'} may be the channels: write "
                "dataset.layout=NHWC or dataset.layout=NCHW"
            )
        return "NCHW" if first else "NHWC"

    def _require_sides(self) -> None:
        """One image of shape (H, W, 3) would pass as H gray ones that are 3 pixels wide."""
        shape = self._array.shape
        sides = shape[2:] if self.layout == "NCHW" else shape[1:3]
        if min(sides) < _SMALLEST_SIDE:
            if self.layout == "NHWC" and shape[1] in _CHANNELS and min(shape[2:]) >= _SMALLEST_SIDE:
                raise RequestError(
                    f"{self._name} has the shape {shape}, which looks like (N, C, H, W) and not "
                    "like the layout NHWC: write dataset.layout=NCHW"
                )
            raise RequestError(
                f"{self._name} has the shape {shape}, which as {self.layout} are images of "
                f"{size(sides[1], sides[0])} pixels: {_SMALLEST_SIDE} is the least, and a single "
                "image needs an axis for their number"
            )

    def _find_range(self) -> str:
        low, high = self._extremes()
        if self._array.dtype.kind in "ui":
            # Zeros and ones alone are more likely black and white than two kinds of black.
            if low >= 0 and 1 < high <= 255:
                return "0..255"
        elif low >= -1 and high <= 1:
            return "-1..1" if low < 0 else "0..1"
        near = low >= 0 and _NEAR_255 <= high <= 255
        remedy = "0..255" if near else "0..1, -1..1 or 0..255, and what lies beyond is clipped"
        raise RequestError(
            f"{self._name} holds {self._array.dtype} from {low:g} to {high:g}, and which values "
            f"are black and white is not certain: write dataset.range={remedy}"
        )

    def _extremes(self) -> tuple[float, float]:
        size = math.prod(self._array.shape[1:]) * self._array.dtype.itemsize
        step = max(1, _BYTES_PER_READ // size)
        low, high = math.inf, -math.inf
        for start in range(0, len(self), step):
            rows = np.asarray(self._array[start : start + step])
            self._require_finite(rows, start)
            low, high = min(low, float(rows.min())), max(high, float(rows.max()))
            if rows.dtype == np.uint8 and high > 1:
                break  # the others can tell nothing new
        return low, high

    def _require_finite(self, rows: NDArray[Any], start: int) -> None:
        if rows.dtype.kind != "f":
            return
        finite = np.isfinite(rows).all(axis=tuple(range(1, rows.ndim)))
        if not finite.all():
            raise RequestError(
                f"{self._name}: image {start + int(finite.argmin())} holds values that are no "
                "numbers (NaN or infinite)"
            )


def encode_labels(
    labels: NDArray[Any], name: str, class_names: Sequence[str] | NDArray[Any] = ()
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels from 0 on, of shape (N,), and the names of the classes that they count.

    ``labels`` are whole numbers from 0 on or texts, of shape (N,) or (N, 1). With ``class_names``
    they count these; else the classes are the distinct labels, ascending, each named as it is
    written, with escapes for what is no text. ``name`` is what messages call the labels.

    Raises RequestError for other labels, for numbers without a name, and for two classes of one
    name.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1 and labels.dtype.kind == "O":
        absent = [number for number, label in enumerate(labels.tolist()) if label is None]
        if absent:
            raise RequestError(
                f"{name}: image {absent[0]} has no label, and {len(labels) - len(absent)} of "
                f"{len(labels)} have one: give every image a label, or leave all labels out"
            )
    if labels.ndim != 1 or labels.dtype.kind not in "uiUS":
        raise RequestError(
            f"{name} are {labels.dtype} of shape {labels.shape}, and labels are one whole number "
            "or text for each image"
        )
    counts = labels.dtype.kind in "ui"
    found, numbers = np.unique(labels, return_inverse=True)
    if counts and found.size and found[0] < 0:
        first = int((labels < 0).argmax())
        raise RequestError(f"{name} hold {labels[first]}, and labels count from 0 (image {first})")
    found_names = _class_names(found, name)
    if not len(class_names):
        return numbers.astype(np.int64), found_names
    if found.size and not (counts and found[-1] < len(class_names)):
        last = found_names[-1] if counts else repr(found_names[-1])
        first = int((labels == found[-1]).argmax())
        raise RequestError(
            f"{name} hold {last}, and the {len(class_names)} class names are counted from 0 "
            f"to {len(class_names) - 1} (image {first})"
        )
    return (labels if counts else numbers).astype(np.int64), _class_names(class_names, name)


def _class_names(classes: Sequence[str] | NDArray[Any], name: str) -> tuple[str, ...]:
    """What classes are called, in texts that any file can hold."""
    names = tuple(
        map(_class_name_text, classes.tolist() if isinstance(classes, np.ndarray) else classes)
    )
    double, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise RequestError(
            f"{name}: {count} classes are called {double!r}: give each a name of its own"
        )
    return names


def _class_name_text(found_names: object) -> str:
    if isinstance(found_names, bytes):
        return found_names.decode("utf-8", "backslashreplace")
    return str(found_names).encode("utf-8", "backslashreplace").decode()  # half a surrogate pair


def _to_uint8(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    if values.dtype.kind != "f":
        values = values.astype(np.float32)
    unit = (values.clip(low, high) - low) / (high - low)
    return np.rint(unit * 255).astype(np.uint8)

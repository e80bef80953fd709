"""Numeric arrays read as uint8 images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import RequestError
from ganzoo.size import size

_CHANNELS = (1, 3, 4)
_SMALLEST_SIDE = 4
_NEAR_255 = 128
"""Floats whose maximum is at least this, and at most 255, are probably in 0..255."""
_BYTES_PER_READ = 2**24
_LAYOUTS = ("NHWC", "NCHW")
_RANGES = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}


class NumericArray(Protocol):
    """An array of numbers in memory or on disk: a NumPy array or an HDF5 dataset."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        ...

    def __getitem__(self, rows: slice, /) -> Any: ...


class ImageArray:
    """Images in an array of shape (N, H, W), (N, H, W, C) or (N, C, H, W).

    ``layout`` is the order of the axes, ``values`` the range of the values. With ``auto``, the
    layout follows from the one axis of length 1, 3 or 4, and the range from the values: integers
    are in 0..255, floats and booleans in 0..1 or -1..1. To find the range, all floats are read
    once. ``stated`` is what the file itself says of its ``layout`` and ``range``; ``auto`` uses
    it where it is a known layout or range. Rows are read from ``array`` when they are needed, so
    it may be larger than the memory. ``name`` stands for the array in messages.

    Raises RequestError if the layout or the range is ambiguous; the message asks for the dataset's
    option ``layout`` or ``range``.
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
            raise RequestError(f"{name} has the type {array.dtype}: images need numbers")
        if len(array.shape) not in (3, 4) or not all(array.shape):
            raise RequestError(
                f"{name} has the shape {array.shape}: images need (N, H, W), (N, H, W, C) "
                "or (N, C, H, W)"
            )
        stated = stated or {}
        self._array = array
        self._name = name
        self.layout: str = "NHW" if len(array.shape) == 3 else layout
        """The order of the axes: NHW, NHWC or NCHW."""
        if self.layout == "auto":
            known = stated.get("layout") in _LAYOUTS
            self.layout = stated["layout"] if known else self._find_layout()
        self._require_sides()
        self.range: str = values
        """The values of black and white: 0..1, -1..1 or 0..255."""
        if self.range == "auto":
            known = stated.get("range") in _RANGES
            self.range = stated["range"] if known else self._find_range()

    def __len__(self) -> int:
        return self._array.shape[0]

    def read(self, indices: range) -> NDArray[np.uint8]:
        """These images, uint8 (N, H, W, C); values outside the range are clipped."""
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
                f"{self._name} has the shape {shape}: "
                f"{'two axes' if first else 'no axis'} can be the channels; write "
                "dataset.layout=NHWC or dataset.layout=NCHW"
            )
        return "NCHW" if first else "NHWC"

    def _require_sides(self) -> None:
        """Refuse images below 4 pixels: an image (H, W, 3) is not H gray images of width 3."""
        shape = self._array.shape
        sides = shape[2:] if self.layout == "NCHW" else shape[1:3]
        if min(sides) < _SMALLEST_SIDE:
            if self.layout == "NHWC" and shape[1] in _CHANNELS and min(shape[2:]) >= _SMALLEST_SIDE:
                raise RequestError(
                    f"{self._name} has the shape {shape}, which looks like (N, C, H, W), not "
                    "(N, H, W, C): write dataset.layout=NCHW"
                )
            raise RequestError(
                f"{self._name} has the shape {shape}; in the layout {self.layout} these are "
                f"images of {size(sides[1], sides[0])} pixels, and the minimum is "
                f"{_SMALLEST_SIDE}: a single image needs a first axis of length 1"
            )

    def _find_range(self) -> str:
        low, high = self._extremes()
        if self._array.dtype.kind in "ui":
            # Zeros and ones alone probably mean black and white, not the darkest two of 256 levels.
            if low >= 0 and 1 < high <= 255:
                return "0..255"
        elif low >= -1 and high <= 1:
            return "-1..1" if low < 0 else "0..1"
        near = low >= 0 and _NEAR_255 <= high <= 255
        remedy = "0..255" if near else "0..1, -1..1 or 0..255; values outside are clipped"
        raise RequestError(
            f"{self._name} has {self._array.dtype} values from {low:g} to {high:g}; the values "
            f"of black and white are unknown: write dataset.range={remedy}"
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
                break  # the other rows cannot change the range
        return low, high

    def _require_finite(self, rows: NDArray[Any], start: int) -> None:
        if rows.dtype.kind != "f":
            return
        finite = np.isfinite(rows).all(axis=tuple(range(1, rows.ndim)))
        if not finite.all():
            raise RequestError(
                f"{self._name}: image {start + int(finite.argmin())} has values that are not "
                "finite numbers (NaN or infinity)"
            )


def _to_uint8(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    if values.dtype.kind != "f":
        values = values.astype(np.float32)
    unit = (values.clip(low, high) - low) / (high - low)
    return np.rint(unit * 255).astype(np.uint8)

"""Conversion of images with more than 8 bits per channel to 8 bits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
from PIL import Image

from ganzoo.data.decoding import DECODING_ERRORS, open_image
from ganzoo.data.fingerprint import cached_result
from ganzoo.data.formats import FORMATS, START, format_of
from ganzoo.errors import RequestError, UnreadableImage
from ganzoo.options import parse_range

PixelType = Literal["whole numbers", "floats"]

_DEEP_FORMATS = ("PNG", "TIFF", "PPM", "JPEG 2000")
"""The formats that can have more than 8 bits per channel."""

_SHALLOW_SUFFIXES = tuple(
    suffix for known in FORMATS if known.name not in _DEEP_FORMATS for suffix in known.suffixes
)
"""Suffixes of files that have 8 bits per channel and need not be opened."""

_DEFAULT_RANGES: dict[PixelType, tuple[float, float]] = {
    "whole numbers": (0, 65535),
    "floats": (0, 1),
}
"""The values of black and white that ``prepare`` assumes."""

_FULL_SCALE = (255, 1023, 4095, 16383, 65535)
"""The largest numbers of 8, 10, 12, 14 and 16 bits."""


class Extremes(NamedTuple):
    """The smallest and the largest value of one type of pixels in some images."""

    pixel_type: PixelType
    low: float
    high: float


class EightBitConverter:
    """Converts images with more than 8 bits per channel to 8 bits; keeps all others as they are.

    ``pixel_range`` is ``LOW..HIGH``, the values of black and white, or ``auto``. With ``auto``, all
    these images are read once. The range of integers is then 0 to the largest number of the
    smallest bit depth (8, 10, 12, 14 or 16) that holds all values; that of floats is the first of
    0..1, -1..1 and 0..255 that holds them. ``names`` are the names of the images, ``read(name)``
    opens one, ``paths`` are the files that contain them, and ``where`` stands for all of them in
    messages.
    """

    def __init__(
        self,
        pixel_range: str,
        names: Sequence[str],
        paths: Sequence[Path],
        read: Callable[[str], BinaryIO],
        where: str,
    ) -> None:
        self._pixel_range = pixel_range
        self._names = names
        self._paths = paths
        self._read = read
        self._where = where

    @property
    def notes(self) -> list[str]:
        """One line for each type of pixels whose range ``auto`` has found to be unusual.

        Raises RequestError if the range cannot be found.
        """
        return [
            f"pixels that are {pixel_type} of more than 8 bits are read in the range "
            f"{_range_text(*limits)}; write dataset.range=LOW..HIGH for another range"
            for pixel_type, limits in self._limits.items()
            if self._pixel_range == "auto"
        ]

    @property
    def identity(self) -> str:
        """The ranges as a part of the fingerprint; empty if they are the default."""
        return "".join(f"-{_range_text(*limits)}" for limits in self._limits.values())

    def convert(self, image: Image.Image) -> Image.Image:
        """The image with 8 bits per channel; unchanged if it has them, or has the default range."""
        pixel_type = _pixel_type(image.mode)
        if pixel_type is None or pixel_type not in self._limits:
            return image
        low, high = self._limits[pixel_type]
        samples = np.nan_to_num(np.asarray(image, np.float64), nan=low).clip(low, high)
        unit = (samples - low) / (high - low)
        return Image.fromarray(np.rint(unit * 255).astype(np.uint8))

    @cached_property
    def _limits(self) -> dict[PixelType, tuple[float, float]]:
        """The values of black and white by type of pixels, where they are not the default."""
        if self._pixel_range != "auto":
            return dict.fromkeys(_DEFAULT_RANGES, parse_range(self._pixel_range))
        found: dict[PixelType, tuple[float, float]] = {}
        for extremes in map(Extremes._make, json.loads(self._extremes())):
            limits = _limits(extremes)
            if limits is None:
                near = f"{math.floor(extremes.low)}..{math.ceil(extremes.high)}"
                raise RequestError(
                    f"the pixels in {self._where} are {extremes.pixel_type} from "
                    f"{extremes.low:g} to {extremes.high:g}; the values of black and "
                    f"white are unknown: write dataset.range=LOW..HIGH, for example {near}; values "
                    "outside are clipped"
                )
            if limits != _DEFAULT_RANGES[extremes.pixel_type]:
                found[extremes.pixel_type] = limits
        return found

    def _extremes(self) -> str:
        names = [name for name in self._names if not name.lower().endswith(_SHALLOW_SUFFIXES)]

        def find() -> tuple[str, bool]:
            with ThreadPool() as pool:
                each = pool.map(self._extremes_of, names, chunksize=64)
            found = [one for one in each if isinstance(one, Extremes)]
            by_type = [
                [one for one in found if one.pixel_type == pixel_type]
                for pixel_type in _DEFAULT_RANGES
            ]
            merged = [
                (some[0].pixel_type, min(one.low for one in some), max(one.high for one in some))
                for some in by_type
                if some
            ]
            return json.dumps(merged), True not in each

        return cached_result(["samples", *names], self._paths, find) if names else "[]"

    def _extremes_of(self, name: str) -> Extremes | bool:
        """The extremes of one image; if it has none, whether that is because it cannot be read."""
        try:
            with self._read(name) as stream:
                if not _is_deep(stream):
                    return False
                image = open_image(stream, name)
        except (UnreadableImage, *DECODING_ERRORS):
            return True
        pixel_type, values = _pixel_type(image.mode), np.asarray(image)
        values = values[np.isfinite(values)]
        if pixel_type is None or not values.size:
            return False
        return Extremes(pixel_type, float(values.min()), float(values.max()))


def _is_deep(stream: BinaryIO) -> bool:
    """Whether an image has more than 8 bits per channel, by its header."""
    start = stream.read(START)
    known = format_of(start)
    if known is None or known.name not in _DEEP_FORMATS or known.remedy:
        return False
    if known.name == "PNG":
        return start[24:26] == b"\x10\0"  # 16 bits, and no color
    stream.seek(0)
    return _pixel_type(known.read(stream).mode) is not None


def _pixel_type(mode: str) -> PixelType | None:
    if mode.startswith("I"):
        return "whole numbers"
    return "floats" if mode == "F" else None


def _limits(found: Extremes) -> tuple[float, float] | None:
    """The values of black and white, or ``None`` if they are ambiguous."""
    if found.pixel_type == "whole numbers":
        full_scale = next((high for high in _FULL_SCALE if found.high <= high), None)
        # Zeros and ones alone probably mean black and white, not the two darkest levels.
        clear = full_scale and found.low >= 0 and found.high != 1
        return (0, full_scale) if full_scale and clear else None
    if found.low >= -1 and found.high <= 1:
        return (-1, 1) if found.low < 0 else (0, 1)
    # Values slightly above 1 are overshoots of resizing, not a range up to 255.
    return (0, 255) if found.low >= 0 and 2 < found.high <= 255 else None


def _range_text(low: float, high: float) -> str:
    return f"{low:g}..{high:g}"

"""Schedules: numbers that change with the images seen."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple, Self

_NUMBER = r"([+-]?(?:\d+(?:_\d+)*)?(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_IMAGES = r"(\d+(?:_\d+)*) images"
_CHANGE = re.compile(rf"{_NUMBER} -> {_NUMBER} (linear|cosine|log)(?: over {_IMAGES})?")
_CONSTANT = re.compile(rf"constant {_NUMBER}(?: for {_IMAGES})?")


class _Part(NamedTuple):
    """A change from one value to another, or a constant value."""

    start: float
    end: float
    shape: str
    """How the value changes: linear, cosine or log."""
    images: int | None
    """The length; ``None`` for the rest of the run."""

    def at(self, fraction: float) -> float:
        """The value after this fraction of the part; between ``start`` and ``end``."""
        if fraction <= 0 or self.start == self.end:
            return self.start
        if fraction >= 1:
            return self.end
        if self.shape == "cosine":
            fraction = (1 - math.cos(math.pi * fraction)) / 2
        if self.shape == "log":
            logs = math.log(self.start) * (1 - fraction) + math.log(self.end) * fraction
            value = math.exp(logs)
        else:
            value = self.start * (1 - fraction) + self.end * fraction
        low, high = sorted((self.start, self.end))
        return min(max(value, low), high)  # without rounding errors


@dataclass(frozen=True, repr=False)
class Schedule:
    """A number that is a function of the images seen, such as ``2e-4 -> 0 cosine``.

    It has one or more parts with ``then`` between them. ``5 -> 40 linear over 200000 images``
    changes in that many images, and without ``over`` until the end of the run; ``linear``,
    ``cosine`` and ``log`` (equal factors in equal times) say how. ``constant 5 for 10000 images``
    does not change. After the last part, its last value holds.
    """

    text: str
    """The schedule as it is written, with single spaces."""
    parts: tuple[_Part, ...]
    """Its parts in their order, each with ``start``, ``end``, ``shape`` and ``images``."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The schedule of a text.

        Raises ValueError for any other text, with a message that says what is wrong.
        """
        text = " ".join(text.split())
        parts = tuple(_part(each) for each in text.split(" then "))
        if any(part.images is None for part in parts[:-1]):
            raise ValueError(
                'every part but the last needs a number of images, such as "over 200000 images"'
            )
        return cls(text, parts)

    @staticmethod
    def is_meant_by(value: object) -> bool:
        """Whether a value is meant as a schedule; it may be a wrong one."""
        return isinstance(value, str) and ("->" in value or value.split()[:1] == ["constant"])

    def at(self, images_seen: int, total_images: int) -> float:
        """The value after ``images_seen`` images of a run of ``total_images``."""
        start = 0
        if images_seen <= 0:
            return self.parts[0].start
        for part in self.parts:
            length = total_images - start if part.images is None else part.images
            if images_seen < start + length:
                return part.at((images_seen - start) / length)
            start += length
        return self.parts[-1].end

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        values = [value for part in self.parts for value in (part.start, part.end)]
        return min(values), max(values)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Schedule({self.text!r})"


def _part(text: str) -> _Part:
    change, constant = _CHANGE.fullmatch(text), _CONSTANT.fullmatch(text)
    try:
        if change:
            start, end = float(change[1]), float(change[2])
            part = _Part(start, end, change[3], _images(change[4]))
        elif constant:
            part = _Part(float(constant[1]), float(constant[1]), "linear", _images(constant[2]))
        else:
            raise ValueError
        if not (math.isfinite(part.start) and math.isfinite(part.end)) or part.images == 0:
            raise ValueError
    except ValueError:
        raise ValueError(
            'write a schedule such as "5 -> 40 linear over 200000 images", "2e-4 -> 0 cosine" or '
            '"constant 5 for 10000 images then 5 -> 1 log"'
        ) from None
    if part.shape == "log" and min(part.start, part.end) <= 0:
        raise ValueError("a log schedule needs two values above 0")
    return part


def _images(text: str | None) -> int | None:
    return None if text is None else int(text)

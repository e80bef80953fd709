"""The columns of a table that say what the networks are told about an image."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"


class Column(NamedTuple):
    """A column of numbers, and its range if one is declared."""

    name: str
    range: tuple[float, float] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The column of ``NAME`` or ``NAME=LOW..HIGH``; raises ValueError for any other text."""
        name, declares, limits = text.partition("=")
        found = re.fullmatch(rf"{_NUMBER}\.\.{_NUMBER}", limits)
        low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
        if not name or (declares and low >= high):
            raise ValueError(f"{text!r}: write NAME, or NAME=LOW..HIGH such as hue=0..1")
        return cls(name, (low, high) if declares else None)

    @staticmethod
    def ranges(columns: Sequence[Column]) -> NDArray[Any] | None:
        """The ranges (D, 2), NaN where none is declared; ``None`` if no column declares one."""
        import numpy as np  # the declaration of the dataset does not need it

        if not any(column.range for column in columns):
            return None
        return np.array([column.range or (math.nan, math.nan) for column in columns])


def split_columns(columns: Any) -> Any:
    """The columns in a text that are separated by commas; any other value is not changed."""
    if not isinstance(columns, str):
        return columns
    return tuple(column for each in columns.split(",") if (column := each.strip()))


def checked_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns; raises ValueError if one is not NAME or NAME=LOW..HIGH."""
    for column in columns:
        Column.parse(column)
    return columns

"""Labels, several classes, or named values of images, from arrays of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Condition, ConditionKind
from ganzoo.data.labels import encode_labels, name_text
from ganzoo.errors import RequestError

_MOST_NAMES = 1000


def encode_condition(
    values: NDArray[Any],
    name: str,
    names: Sequence[str] | NDArray[Any] = (),
    ranges: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], Condition]:
    """What an array says about each image: int64 (N,) or float32 (N, D), and its condition.

    Whole numbers or texts of shape (N,) or (N, 1) are labels, as for :func:`ganzoo.encode_labels`.
    Numbers of shape (N, D) are classes if all of them are 0 or 1 and no ``ranges`` are given, else
    a vector. ``names`` are those of the classes or values; by default they are called 0, 1, ... or
    value0, value1, .... ``ranges`` (D, 2) has the lowest and highest value of each name; where they
    are NaN, and by default, they are those in the array. ``name`` stands for the array in messages.

    Raises RequestError for another type or shape, for numbers that are not finite or are out of
    range, and for values that are the same in all images.
    """
    if values.dtype.kind == "f" and values.ndim == 1:
        raise RequestError(
            f"{name} have the type {values.dtype} and the shape {values.shape}: for labels, give "
            f"whole numbers or texts; for a value of each image, the shape ({len(values)}, 1)"
        )
    plain = values.dtype.kind in "buif" and values.ndim == 2
    if not plain or (values.shape[1] == 1 and values.dtype.kind in "ui" and ranges is None):
        labels, class_names = encode_labels(values, name, names)
        return labels, Condition("class", class_names)
    numbers = values.astype(np.float32)
    if not 1 <= numbers.shape[1] <= _MOST_NAMES:
        raise RequestError(
            f"{name} has the shape {values.shape}: give each image 1 to {_MOST_NAMES} values"
        )
    finite = np.isfinite(numbers).all(axis=1)
    if not finite.all():
        raise RequestError(
            f"{name}: image {int(finite.argmin())} has values that are not finite numbers (NaN or "
            "infinity)"
        )
    condition = _condition(numbers, name, names, ranges)
    for column, (low, high) in enumerate(condition.ranges):
        within = (numbers[:, column] >= np.float32(low)) & (numbers[:, column] <= np.float32(high))
        if not within.all():
            row = int(within.argmin())
            raise RequestError(
                f"{name}: image {row} has {condition.names[column]}={numbers[row, column]:g}, "
                f"which is not in {low:g} to {high:g}"
            )
    return numbers, condition


def _condition(
    numbers: NDArray[np.float32],
    name: str,
    names: Sequence[str] | NDArray[Any],
    ranges: NDArray[Any] | None,
) -> Condition:
    is_vector = ranges is not None or not np.isin(numbers, (0, 1)).all()
    given = tuple(map(name_text, names)) or tuple(
        f"value{number}" if is_vector else str(number) for number in range(numbers.shape[1])
    )
    if len(given) != numbers.shape[1]:
        raise RequestError(
            f"{name} has the shape {numbers.shape}, but there are {len(given)} names: give one "
            "name per column"
        )
    if not is_vector:
        return _checked(name, "classes", given)
    found = np.stack([numbers.min(axis=0), numbers.max(axis=0)], axis=1)
    ranges = found if ranges is None else ranges
    if ranges.shape != found.shape or ranges.dtype.kind not in "uif":
        raise RequestError(f"{name}: the ranges have the shape {ranges.shape}, not {found.shape}")
    ranges = np.where(np.isnan(ranges), found, ranges)
    for column in np.flatnonzero(ranges[:, 0] == ranges[:, 1])[:1].tolist():
        raise RequestError(
            f"{name}: {given[column]} is {numbers[0, column]:g} in all images: leave it out"
        )
    limits = tuple((float(low), float(high)) for low, high in ranges)
    return _checked(name, "vector", given, limits)


def _checked(name: str, kind: ConditionKind, *facts: Any) -> Condition:
    """A condition of this kind; the name of the array is in an error."""
    try:
        return Condition(kind, *facts)
    except RequestError as error:
        raise RequestError(f"{name}: {error}") from None

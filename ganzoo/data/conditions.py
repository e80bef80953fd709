"""Checks of the labels or values of a dataset's images against its condition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Condition
from ganzoo.errors import RequestError


class WrongCondition(RequestError):
    """A label or value that the dataset does not declare: an error in its plugin."""


def require_value(
    value: Any, condition: Condition | None, number: int, dataset_name: str
) -> int | tuple[float, ...] | None:
    """The label of image ``number`` as an int, or its values; ``None`` without a condition.

    Raises WrongCondition, which names the dataset and the image, for one that is missing, wrong or
    out of range, or given although there is no condition.
    """
    try:
        if condition is not None:
            return condition.check(value)
    except RequestError as error:
        raise _wrong(dataset_name, f"image {number} {error}") from None
    if value is not None:
        raise _wrong(
            dataset_name, f"image {number} has the label {value!r}, but class_names is empty"
        )
    return None


def require_values(
    values: NDArray[Any] | None, condition: Condition | None, count: int, dataset_name: str
) -> NDArray[Any] | None:
    """The labels of ``count`` images, int64 (N,), or their values, float32 (N, D).

    Raises WrongCondition if they do not match the condition.
    """
    if values is None or condition is None:
        found = None if values is None or not len(values) else values[0]
        require_value(found, condition, 0, dataset_name)
        return None
    if values.shape != (count, *condition.shape):
        raise _wrong(
            dataset_name,
            f"values has the shape {values.shape}, but there are {count} images and {condition}",
        )
    if not is_valid(values, condition):
        for number, value in enumerate(values):
            require_value(value, condition, number, dataset_name)
    return values.astype(value_type(condition))


def value_type(condition: Condition) -> type[np.int64 | np.float32]:
    """The type of the labels or values of all images as an array."""
    return np.int64 if condition.kind == "class" else np.float32


def is_valid(values: NDArray[Any], condition: Condition) -> bool:
    """Whether all labels (N,), or values (N, D), of this shape match the condition."""
    if condition.kind == "class":
        whole = values.dtype.kind in "ui"
        return whole and not (values.size and (values.min() < 0 or values.max() >= condition.size))
    if values.dtype.kind not in "buif":
        return False
    low, high = np.array(condition.limits, np.float32).T
    numbers = values.astype(np.float32)
    in_range = (numbers >= low) & (numbers <= high)
    yes_or_no = condition.kind == "vector" or bool(np.isin(numbers, (0, 1)).all())
    return yes_or_no and bool(in_range.all())


def _wrong(dataset_name: str, what: str) -> WrongCondition:
    name = f"dataset {dataset_name}" if dataset_name else "the dataset"
    return WrongCondition(f"{name}: {what}; the plugin must correct this")

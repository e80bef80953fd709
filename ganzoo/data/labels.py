"""Checks of a dataset's labels against its class names."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import RequestError

_MOST_SHOWN = 10


class WrongLabel(RequestError):
    """A label that does not match the class names: an error in the dataset's plugin."""


def require_label(
    label: Any, class_names: Sequence[str], number: int, dataset_name: str
) -> int | None:
    """The label of image ``number`` as an int, or ``None`` if there are no class names.

    Raises WrongLabel for a label that is not an integer, has no class name, is missing, or is
    given although there are no class names; the message names the dataset and the image.
    """
    if label is None and not class_names:
        return None
    if label is None:
        raise _wrong(
            dataset_name, number, f"has no label, but class_names has {_names_text(class_names)}"
        )
    if not class_names:
        raise _wrong(dataset_name, number, f"has the label {label!r}, but class_names is empty")
    try:
        counted = operator.index(label)
    except TypeError:
        found = f"{label!r} of type {type(label).__name__}"
        raise _wrong(dataset_name, number, f"has the label {found}, not a whole number") from None
    if not 0 <= counted < len(class_names):
        last = len(class_names) - 1
        raise _wrong(
            dataset_name,
            number,
            f"has the label {counted}, but class_names has {_names_text(class_names)}: labels are "
            f"whole numbers from 0 to {last}",
        )
    return counted


def require_labels(
    labels: NDArray[np.int64] | None, class_names: Sequence[str], count: int, dataset_name: str
) -> None:
    """Raise WrongLabel if these are not ``count`` labels of these classes."""
    if labels is None:
        require_label(None, class_names, 0, dataset_name)
        return
    if labels.shape != (count,):
        raise WrongLabel(
            f"{_dataset_text(dataset_name)}: labels has the shape {labels.shape}, but there are "
            f"{count} images"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= len(class_names)))
    for number in wrong[:1].tolist():
        require_label(labels[number], class_names, number, dataset_name)


def _wrong(dataset_name: str, number: int, what: str) -> WrongLabel:
    return WrongLabel(
        f"{_dataset_text(dataset_name)}: image {number} {what}; the plugin must correct this"
    )


def _dataset_text(dataset_name: str) -> str:
    return f"dataset {dataset_name}" if dataset_name else "the dataset"


def _names_text(class_names: Sequence[str]) -> str:
    more = ", ..." if len(class_names) > _MOST_SHOWN else ""
    names = ", ".join(class_names[:_MOST_SHOWN])
    return f"{len(class_names)} name{'s' * (len(class_names) > 1)} ({names}{more})"

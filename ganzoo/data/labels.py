"""Labels in an array, read as class numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import RequestError


def encode_labels(
    labels: NDArray[Any], name: str, class_names: Sequence[str] | NDArray[Any] = ()
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as class numbers from 0 up, int64 (N,), and the name of each class.

    ``labels`` are whole numbers from 0 up, or texts, of shape (N,) or (N, 1). With ``class_names``,
    they must be numbers of these names. Without, each distinct label is a class, in ascending
    order, and its text is the class's name; bytes that are not UTF-8 become escapes. ``name``
    stands for the labels in messages.

    Raises RequestError for labels of another type or shape, for negative numbers, for numbers
    that have no class name, and if two classes have the same name.
    """
    labels = _one_for_each_image(labels, name)
    counts = labels.dtype.kind in "ui"
    found, numbers = np.unique(labels, return_inverse=True)
    if counts and found.size and found[0] < 0:
        first = int((labels < 0).argmax())
        raise RequestError(
            f"{name}: image {first} has the label {labels[first]}: labels start at 0"
        )
    found_names = _class_names(found, name)
    if not len(class_names):
        return numbers.astype(np.int64), found_names
    if found.size and not (counts and found[-1] < len(class_names)):
        last = found_names[-1] if counts else repr(found_names[-1])
        first = int((labels == found[-1]).argmax())
        raise RequestError(
            f"{name}: image {first} has the label {last}, but the {len(class_names)} class names "
            f"have the labels 0 to {len(class_names) - 1}"
        )
    return (labels if counts else numbers).astype(np.int64), _class_names(class_names, name)


def _one_for_each_image(labels: NDArray[Any], name: str) -> NDArray[Any]:
    """The labels as an array (N,); raises RequestError if they are not whole numbers or texts."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1 and labels.dtype.kind == "O":
        absent = [number for number, label in enumerate(labels.tolist()) if label is None]
        if absent:
            raise RequestError(
                f"{name}: image {absent[0]} has no label, and {len(labels) - len(absent)} of "
                f"{len(labels)} have one: give every image a label, or remove all labels"
            )
    if labels.ndim != 1 or labels.dtype.kind not in "uiUS":
        raise RequestError(
            f"{name} have the type {labels.dtype} and the shape {labels.shape}: give each image "
            "one label, a whole number or a text"
        )
    return labels


def _class_names(classes: Sequence[str] | NDArray[Any], name: str) -> tuple[str, ...]:
    """The names of the classes, as texts that can be written as UTF-8."""
    names = tuple(map(name_text, classes.tolist() if isinstance(classes, np.ndarray) else classes))
    double, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise RequestError(
            f"{name}: {count} classes have the name {double!r}: give each class its own name"
        )
    return names


def name_text(name: object) -> str:
    """A name as a text that can be written as UTF-8."""
    if isinstance(name, bytes):
        return name.decode("utf-8", "backslashreplace")
    return str(name).encode("utf-8", "backslashreplace").decode()  # a lone surrogate

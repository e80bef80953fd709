from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo import Condition
from ganzoo.data.conditions import WrongCondition, is_valid, require_value, require_values

VECTOR = Condition("vector", ("hue", "size"), ((0.0, 1.0), (-2.0, 2.0)))
CLASSES = Condition("classes", ("round", "red"))


def test_the_message_names_the_dataset_and_the_image() -> None:
    with pytest.raises(WrongCondition, match=r"^dataset mine/x: image 7 has size=3, .*; the"):
        require_value((0, 3), VECTOR, 7, "mine/x")
    with pytest.raises(WrongCondition, match=r"image 7 has the label 1, but class_names is empty"):
        require_value(1, None, 7, "mine/x")


def test_all_values_are_checked_at_once() -> None:
    values = np.array([[0, 2], [1, -2.0]])
    found = require_values(values, VECTOR, 2, "x")
    assert found is not None
    assert found.dtype == np.float32
    assert require_values(None, None, 2, "x") is None
    for wrong, message in (
        (np.array([[0, 2], [1, -2.1]]), "image 1 has size=-2.1"),
        (np.zeros((2, 3)), r"values has the shape \(2, 3\), but there are 2 images and 2 values"),
        (None, "image 0 has no values, but there are 2 values"),
    ):
        with pytest.raises(WrongCondition, match=message):
            require_values(wrong, VECTOR, 2, "x")


@pytest.mark.parametrize(
    ("condition", "values", "valid"),
    [
        (Condition("class", ("a", "b")), np.array([0, 1]), True),
        (Condition("class", ("a", "b")), np.array([0, 2]), False),
        (Condition("class", ("a", "b")), np.array([0.0, 1]), False),
        (CLASSES, np.array([[0, 1], [1, 1]]), True),
        (CLASSES, np.array([[0, 0.5]]), False),
        (VECTOR, np.array([[0.5, -2]]), True),
        (VECTOR, np.array([[np.nan, 0]]), False),
        (VECTOR, np.array([["0", "1"]]), False),
    ],
)
def test_arrays_are_valid_or_not(condition: Condition, values: Any, valid: bool) -> None:
    assert is_valid(values, condition) is valid

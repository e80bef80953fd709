from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo import Condition, RequestError, encode_condition


def test_the_shape_and_the_numbers_decide_the_kind() -> None:
    labels, condition = encode_condition(np.array([[4], [2], [4]]), "x")
    assert (labels.tolist(), condition) == ([1, 0, 1], Condition("class", ("2", "4")))
    labels, condition = encode_condition(np.array(["b", "a"]), "x")
    assert (labels.tolist(), condition) == ([1, 0], Condition("class", ("a", "b")))
    values, condition = encode_condition(np.array([[0, 1], [1, 1]]), "x", ["round", "red"])
    assert (values.dtype, condition) == (
        np.dtype(np.float32),
        Condition("classes", ("round", "red")),
    )
    values, condition = encode_condition(np.array([[0.0], [3]]), "x")
    assert (values.tolist(), condition) == ([[0], [3]], Condition("vector", ("value0",), ((0, 3),)))


def test_ranges_make_a_vector_and_nan_is_found() -> None:
    zeros = np.array([[0, 1], [1, 0]])
    _, condition = encode_condition(zeros, "x", ["a", "b"], np.array([[0, 1], [-1, 1]]))
    assert condition == Condition("vector", ("a", "b"), ((0, 1), (-1, 1)))
    ranges = np.array([[np.nan, np.nan], [-1, 1]])
    assert encode_condition(zeros, "x", ["a", "b"], ranges)[1] == condition


@pytest.mark.parametrize(
    ("values", "names", "ranges", "message"),
    [
        (np.array([0.5, 1]), (), None, r"x have the type float64 .* value .* the shape .2, 1."),
        (np.zeros((2, 2, 2)), (), None, "x have the type float64 and the shape .2, 2, 2."),
        (np.zeros((2, 1001)), (), None, "give each image 1 to 1000 values"),
        (np.array([[1, 0.5], [np.nan, 2]]), (), None, "image 1 has values that are not finite"),
        (np.array([[1, 3], [2, 3]]), ("a", "b"), None, "x: b is 3 in all images: leave it out"),
        (np.array([[1, 3], [2, 4]]), ("a",), None, "there are 1 names: give one name per column"),
        (np.array([[1, 3], [2, 4]]), ("a", "a"), None, "x: the names of a condition are"),
        (np.array([[1, 3], [2, 4]]), (), np.zeros(2), "the ranges have the shape .2,., not .2, 2."),
        (
            *(np.array([[1, 3], [2, 4]]), ("a", "b"), np.array([[0, 2], [0, 3]])),
            "x: image 1 has b=4, which is not in 0 to 3",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused(
    values: Any, names: Any, ranges: Any, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        encode_condition(values, "x", names, ranges)

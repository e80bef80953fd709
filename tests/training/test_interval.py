from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from ganzoo.setting_types import Interval
from ganzoo.training.interval import Position, is_due


def when(every: int | str, batch: int = 30, steps: int = 20) -> list[int]:
    reached = [Position(step, step * batch) for step in range(steps + 1)]
    return [
        s
        for s in range(1, steps + 1)
        if is_due(every, reached[s - 1], reached[s], images_per_epoch=100)
    ]


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (5, [5, 10, 15, 20]),
        ("1 epoch", [4, 7, 10, 14, 17, 20]),  # the first steps that reach 100, 200, ... images
        ("2 epochs", [7, 14, 20]),
        ("0.5 epochs", [2, 4, 5, 7, 9, 10, 12, 14, 15, 17, 19, 20]),
        ("150 images", [5, 10, 15, 20]),
        ("10 images", list(range(1, 21))),
    ],
)
def test_an_interval_is_due_at_the_step_that_reaches_a_multiple(
    every: int | str, steps: list[int]
) -> None:
    assert when(every) == steps


def test_rounding_misses_no_multiple() -> None:
    assert when("0.1 epochs", batch=10) == list(range(1, 21))
    assert when("0.3 epochs", batch=10) == [3, 6, 9, 12, 15, 18]


WRONG = [0, -1, "2", "epochs", "0 epochs", "0.0 epochs", ".5 epochs", "-1 epochs", True, None]


@pytest.mark.parametrize("wrong", [*WRONG, "2  epochs", "2 epochs ", "2 steps", 2.5, [1]])
def test_wrong_intervals_are_refused(wrong: object) -> None:
    with pytest.raises(
        ValidationError, match="write a number of steps from 1 on, or a text such as"
    ):
        TypeAdapter(Interval).validate_python(wrong)

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo import Schedule

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: f"{value:g}")
POSITIVE = st.floats(1e-6, 1e6).map(lambda value: f"{value:.6g}")
LENGTHS = st.integers(1, 10**9)


@st.composite
def changes(draw: st.DrawFn) -> str:
    shape = draw(st.sampled_from(["linear", "cosine", "log", "constant"]))
    numbers = POSITIVE if shape == "log" else NUMBERS
    if shape == "constant":
        return f"constant {draw(numbers)}"
    return f"{draw(numbers)} -> {draw(numbers)} {shape}"


@st.composite
def schedules(draw: st.DrawFn) -> str:
    parts = draw(st.lists(changes(), min_size=1, max_size=4))
    words = ["for" if part.startswith("constant") else "over" for part in parts]
    timed = [f"{p} {w} {draw(LENGTHS)} images" for p, w in zip(parts, words, strict=True)]
    if draw(st.booleans()):
        timed[-1] = parts[-1]
    return " then ".join(timed)


@given(schedules(), st.integers(0, 10**10), st.integers(1, 10**10))
def test_every_value_is_within_the_bounds(text: str, images: int, total: int) -> None:
    schedule = Schedule.parse(text)
    low, high = schedule.bounds
    assert low <= schedule.at(images, total) <= high


@given(schedules(), st.integers(1, 10**10))
def test_its_text_is_parsed_to_the_same_schedule(text: str, total: int) -> None:
    schedule = Schedule.parse(text)
    assert str(schedule) == text
    assert Schedule.parse(str(schedule)) == schedule
    assert schedule.at(0, total) == schedule.parts[0].start
    assert schedule.at(10**11, total) == schedule.parts[-1].end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 -> 40 linear over 200 images", [5, 22.5, 40, 40, 40]),
        ("2e-4 -> 0 cosine", [2e-4, 2e-4 * (1 + math.sqrt(0.5)) / 2, 1e-4, 2.93e-5, 0]),
        ("4 -> 0.04 log over 400 images", [4, 4 / math.sqrt(10), 0.4, 0.126491, 0.04]),
        ("constant 7", [7, 7, 7, 7, 7]),
        ("constant 5 for 1_00 images then 5 -> 1 linear over 200 images", [5, 5, 3, 1, 1]),
        ("constant 5 for 200 images then 1 -> 3 linear", [5, 5, 1, 2, 3]),
        ("  1   -> 2  linear  ", [1, 1.25, 1.5, 1.75, 2]),
        (
            "1 -> 2 linear over 300 images then constant 9 for 50 images",
            [1, 4 / 3, 5 / 3, 9, 9],
        ),
    ],
)
def test_its_values_over_a_run_of_400_images(text: str, expected: list[float]) -> None:
    values = [Schedule.parse(text).at(images, 400) for images in range(0, 401, 100)]
    assert values == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((text, "write a schedule such as") for text in ("", "5", "5 -> 4", "5 -> 4 linearly")),
        *((text, "write a schedule such as") for text in ("5->4 linear", "constant", "1 -> x log")),
        ("5 -> 4 linear over 200k images", "write a schedule such as"),
        ("5 -> 4 linear over 0 images", "write a schedule such as"),
        ("5 -> 4 linear over 1.5 images", "write a schedule such as"),
        ("5 -> 1e999 linear", "write a schedule such as"),
        ("nan -> 1 linear", "write a schedule such as"),
        ("5 -> 4 linear then", "write a schedule such as"),
        ("5 -> 4 linear then constant 4", "every part but the last needs a number of images"),
        ("5 -> 0 log", "a log schedule needs two values above 0"),
    ],
)
def test_another_text_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Schedule.parse(text)
    assert "\n" not in str(caught.value)


def test_a_text_is_meant_as_a_schedule_if_it_looks_like_one() -> None:
    assert Schedule.is_meant_by("5 -> 4 lineer")
    assert Schedule.is_meant_by("constant x")
    assert not Schedule.is_meant_by("constantinople")
    assert not Schedule.is_meant_by(5)

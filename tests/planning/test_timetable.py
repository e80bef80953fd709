from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.planning.timetable import EvaluationCost, Speed, Timetable, TooShort

seconds = st.floats(0, 1e4)
SPEEDS = st.builds(Speed, st.floats(0.1, 1e6), st.floats(0, 10), st.floats(0, 30))
COSTS = st.builds(EvaluationCost, st.floats(0, 100), st.floats(0, 0.1))


@given(budget=st.floats(30, 1e6), spent=seconds, speed=SPEEDS, cost=COSTS, preparation=seconds)
def test_the_parts_never_exceed_the_budget(
    budget: float, spent: float, speed: Speed, cost: EvaluationCost, preparation: float
) -> None:
    try:
        time = Timetable.of(budget, spent, speed, cost, count=5000, preparation=preparation)
    except TooShort:
        return
    parts = time.spent, time.start, time.preparation, time.training, time.evaluation, time.end
    assert sum(parts) <= budget * (1 + 1e-9)
    assert min(parts) >= 0
    assert time.images <= max(1, time.training * speed.images_per_second)
    generating = 0.5 / speed.images_per_second
    assert cost.seconds(time.samples, time.real, generating) <= time.evaluation * (1 + 1e-9)
    assert time.spent + time.until_stop + time.evaluation < budget


@given(first=st.floats(30, 1e5), more=st.floats(0, 1e5), spent=seconds, speed=SPEEDS, cost=COSTS)
def test_more_time_never_means_fewer_images(
    first: float, more: float, spent: float, speed: Speed, cost: EvaluationCost
) -> None:
    try:
        short = Timetable.of(first, spent, speed, cost, count=5000)
    except TooShort:
        return
    long = Timetable.of(first + more, spent, speed, cost, count=5000)
    assert long.images >= short.images
    assert long.samples >= short.samples


def test_a_budget_of_the_length_that_the_error_names_is_enough() -> None:
    slow, cost = Speed(1.0, 16.0, 20.0), EvaluationCost(30.0, 0.1)
    with pytest.raises(TooShort, match="60 s is too short") as caught:
        Timetable.of(60, 10, slow, cost, count=100)
    needed = caught.value.needed
    assert f"give {needed}s or more" in str(caught.value)
    assert Timetable.of(needed, 10, slow, cost, count=100).images >= 1


def test_an_evaluation_gets_a_tenth_of_the_time_and_as_many_images_as_fit() -> None:
    cost = EvaluationCost(1.0, 0.004)
    short, long = (Timetable.of(t, 5, Speed(100, 0.1), cost, count=4000) for t in (120, 3600))
    assert (long.samples, long.real) == (2000, 4000)
    assert 200 <= short.samples < 600
    assert short.evaluation == pytest.approx(12)


def test_the_sentence_names_each_part() -> None:
    time = Timetable.of(600, 5, Speed(100, 0.1), EvaluationCost(1, 0.001), count=100)
    assert time.sentence().startswith(
        "of 600 s: 5 to look at the images and to measure, 2 to start"
    )
    assert "prepare" not in time.sentence()

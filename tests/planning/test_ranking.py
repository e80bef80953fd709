from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo import RequestError
from ganzoo.planning.forecast import PlanFacts, may_be_larger
from ganzoo.planning.ranking import rank
from ganzoo.planning.timetable import Speed, TooShort
from tests.planning.results import (
    METRICS,
    candidate,
    machine,
    measured_images,
    planned_images,
    result,
)

FAST = candidate("fast", [(10_000, 0.2), (100_000, 0.1)], speed=1000)
BEST = candidate("best", [(10_000, 0.15), (100_000, 0.01)], speed=100)


@pytest.mark.parametrize(("budget", "expected"), [(60, "fast"), (3600, "best"), (86400, "best")])
def test_the_time_decides_between_a_fast_and_a_good_recipe(budget: float, expected: str) -> None:
    ranking = rank(PlanFacts(planned_images(), machine(), budget), [FAST, BEST], METRICS)
    assert ranking.best.candidate.recipe == expected
    assert ranking.metric == "kid"


def test_a_measured_speed_replaces_the_estimate() -> None:
    slow = {("fast", (32, 32)): Speed(1.0, 16.0)}
    ranking = rank(PlanFacts(planned_images(), machine(speeds=slow), 600), [FAST, BEST], METRICS)
    assert ranking.best.candidate.recipe == "best"


def test_a_slower_machine_is_expected_to_show_fewer_images() -> None:
    here = rank(PlanFacts(planned_images(), machine(), 600), [FAST], METRICS).best
    slow = rank(
        PlanFacts(planned_images(), machine(operations_per_second=1e10), 600), [FAST], METRICS
    ).best
    assert slow.time.images == pytest.approx(here.time.images / 10, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "photographs"),
        ({"channels": 1}, "digits"),
        ({"channels": 1, "count": 300}, "digits"),
        ({"count": 90_000}, "many"),
        ({"count": 200}, "photographs"),
    ],
)
def test_the_most_similar_images_decide_which_results_count(
    changes: dict[str, int], expected: str
) -> None:
    sets = {
        "photographs": measured_images(),
        "many": measured_images(name="many", count=70_000),
        "digits": measured_images(name="digits", count=60_000, shape=(1, 28, 28)),
    }
    candidates = [candidate(k, [(1000, 0.1)], images=images) for k, images in sets.items()]
    ranking = rank(PlanFacts(planned_images(**changes), machine(), 3600), candidates, METRICS)
    assert ranking.measured.images.name == expected
    assert [each.candidate.recipe for each in ranking.forecasts] == [expected]


def test_results_for_large_images_count_only_if_the_time_is_long_enough() -> None:
    small = candidate("small", [(50_000, 0.1)], images=measured_images(), speed=1000)
    large = measured_images(shape=(3, 128, 128))
    slow = candidate("large", [(500_000, 0.1)], images=large, speed=10)
    images = planned_images(resolution=128)
    chosen = [
        rank(PlanFacts(images, machine(), budget), [small, slow], METRICS).best.candidate.recipe
        for budget in (120, 100_000)
    ]
    assert chosen == ["small", "large"]


def test_images_are_never_enlarged_much() -> None:
    large = candidate("large", [(1000, 0.1)], images=measured_images(shape=(3, 128, 128)))
    best = rank(PlanFacts(planned_images(resolution=32), machine(), 3600), [large], METRICS).best
    assert best.size == (32, 32)


def test_twice_the_size_needs_larger_images_and_enough_time() -> None:
    speeds = {("fast", (32, 32)): Speed(1000, 0.02), ("fast", (64, 64)): Speed(250, 0.1)}
    known = machine(speeds=speeds)
    images = planned_images(resolution=64)

    def size(budget: float, resolution: int = 64) -> tuple[int, int]:
        images = planned_images(resolution=resolution)
        return rank(PlanFacts(images, known, budget), [FAST], METRICS).best.size

    assert size(3600) == (64, 64)
    assert size(3600, resolution=32) == (32, 32)
    assert size(120) == (32, 32)
    assert may_be_larger(rank(PlanFacts(images, machine(), 3600), [FAST], METRICS).best, images)
    assert not may_be_larger(rank(PlanFacts(images, machine(), 60), [FAST], METRICS).best, images)


def test_the_users_size_counts() -> None:
    best = rank(PlanFacts(planned_images(), machine(), 3600, (48, 16)), [FAST], METRICS).best
    assert best.size == (48, 16)


def test_recipes_of_equal_value_are_ordered_by_parameters_then_name() -> None:
    three = [candidate(name, [(100, 0.1)]) for name in "bca"]
    speeds = {
        (name, (32, 32)): Speed(100, 0.1, 0, n) for name, n in zip("bca", (9, 5, 9), strict=True)
    }
    ranking = rank(PlanFacts(planned_images(), machine(speeds=speeds), 600), three, METRICS)
    assert [each.candidate.recipe for each in ranking.forecasts] == ["c", "a", "b"]


def test_a_refused_recipe_is_left_out_with_the_reason() -> None:
    known = machine(refused={("best", (32, 32)): "no such images"})
    ranking = rank(PlanFacts(planned_images(), known, 3600), [FAST, BEST], METRICS)
    assert [each.candidate.recipe for each in ranking.forecasts] == ["fast"]
    assert ranking.left_out == {"best": "no such images"}


def test_a_recipe_without_the_metric_is_left_out() -> None:
    other = candidate("other", [(100, 0.1)], metric="swd")
    ranking = rank(PlanFacts(planned_images(), machine(), 600), [FAST, other], METRICS)
    assert ranking.left_out == {"other": "its results have no kid"}


def test_the_metric_that_all_have_counts() -> None:
    both = result([(100, 0.1)]).model_copy()
    points = tuple(p.model_copy(update={"metrics": {"kid": 9.0, "swd": 1.0}}) for p in both.points)
    first = candidate("first", [(100, 0.1)]).__class__(
        recipe="first", results=(both.model_copy(update={"points": points}),)
    )
    other = candidate("other", [(100, 2.0)], metric="swd")
    ranking = rank(PlanFacts(planned_images(), machine(), 600), [first, other], METRICS)
    assert (ranking.metric, ranking.best.candidate.recipe) == ("swd", "first")


def test_a_score_that_should_be_high() -> None:
    low, high = (candidate(f"v{v}", [(100, v)], metric="prdc") for v in (0.2, 0.8))
    ranking = rank(PlanFacts(planned_images(), machine(), 600), [low, high], METRICS)
    assert ranking.best.candidate.recipe == "v0.8"


def test_nothing_to_choose_from_is_one_line() -> None:
    real = candidate("real", [(100, 1.0)], metric="copies")
    with pytest.raises(
        RequestError, match=r"no installed recipe .*real: its results have no metric"
    ):
        rank(PlanFacts(planned_images(), machine(), 600), [real], METRICS)


def test_a_reason_that_is_the_same_for_several_recipes_is_given_once() -> None:
    refused = {(name, (32, 32)): "no such size" for name in ("fast", "best")}
    with pytest.raises(RequestError, match=r"\(best, fast: no such size\): name an architecture"):
        rank(PlanFacts(planned_images(), machine(refused=refused), 600), [FAST, BEST], METRICS)


def test_too_little_time_says_how_much_is_needed() -> None:
    with pytest.raises(TooShort, match=r"give .* or more"):
        rank(PlanFacts(planned_images(), machine(spent=50), 60), [FAST, BEST], METRICS)


@given(budget=st.floats(60, 1e6), more=st.floats(0, 1e6), count=st.integers(10, 10**6))
def test_more_time_is_never_expected_to_be_worse(budget: float, more: float, count: int) -> None:
    images = planned_images(count=count)
    short = rank(PlanFacts(images, machine(), budget), [FAST, BEST], METRICS).best
    long = rank(PlanFacts(images, machine(), budget + more), [FAST, BEST], METRICS).best
    assert long.value <= short.value * 1.02  # values that differ by less count as the same

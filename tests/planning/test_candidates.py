from __future__ import annotations

import pytest

from ganzoo.planning.candidates import Candidate, MeasuredSet, preferred_metric
from tests.planning.results import METRICS, candidate, measured_images, result

POINTS = [(1000, 1.0), (10_000, 0.1), (100_000, 0.05)]


def value(each: Candidate, images: float, metric: str = "kid", goal: str = "low") -> float:
    return each.value(MeasuredSet.of(each.results[0]), metric, goal, images)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (1000, 1.0),
        (10_000, 0.1),
        (3162.28, 0.316228),  # halfway between the logarithms
        (100_000, 0.05),
        (10**9, 0.05),  # flat after the last point
        (100, 10.0),  # the first line goes on
    ],
)
def test_a_metric_is_interpolated_between_logarithms(images: float, expected: float) -> None:
    assert value(candidate("a", POINTS), images) == pytest.approx(expected, rel=1e-4)


def test_before_a_single_point_a_distance_falls_with_the_root_of_the_images() -> None:
    single = candidate("a", [(10_000, 0.1)])
    assert value(single, 100) == pytest.approx(1.0)
    assert value(single, 10**6) == pytest.approx(0.1)


def test_a_score_that_should_be_high_is_lower_before_the_first_point() -> None:
    single = candidate("a", [(10_000, 0.8)], metric="prdc")
    assert value(single, 100, "prdc", "high") == pytest.approx(0.08)


def test_a_curve_that_gets_worse_at_first_is_not_better_before_its_first_point() -> None:
    worse = candidate("a", [(1000, 0.1), (10_000, 1.0)])
    assert value(worse, 100) > 0.1


def test_values_of_several_results_are_averaged() -> None:
    both = Candidate(recipe="a", results=(result([(10, 0.1)]), result([(10, 0.4)])))
    assert value(both, 10) == pytest.approx(0.2)


def test_an_unbiased_distance_may_be_negative() -> None:
    assert 0 < value(candidate("a", [(10, 1.0), (100, -0.01)]), 100) < 1e-3


def test_the_best_point_says_how_many_images_are_needed() -> None:
    each = candidate("a", [(10, 0.3), (20, 0.1), (30, 0.2)])
    measured = MeasuredSet.of(each.results[0])
    assert each.needed(measured, "kid", "low") == 20
    assert each.needed(measured, "kid", "high") == 10


def test_results_with_another_extractor_are_another_set() -> None:
    each = Candidate(recipe="a", results=(result([(1, 1)]), result([(1, 2)], extractor="other")))
    assert [len(each.on(MeasuredSet.of(found))) for found in each.results] == [1, 1]
    assert each.on(MeasuredSet(measured_images(count=1), "random", 2000, 4000)) == []


@pytest.mark.parametrize(
    ("names", "metric"),
    [
        ({"kid", "swd/32", "copies"}, "kid"),
        ({"swd/32", "swd", "copies"}, "swd"),
        ({"copies", "unknown"}, None),
        (set(), None),
    ],
)
def test_the_metric_with_the_greatest_preference_counts(
    names: set[str], metric: str | None
) -> None:
    assert preferred_metric(names, METRICS) == metric

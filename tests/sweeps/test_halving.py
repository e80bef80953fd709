from __future__ import annotations

from fractions import Fraction

import pytest

from ganzoo import RequestError
from ganzoo.evaluation.record import EvaluationResult, Goal, Score
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.sweeps.halving import Halving, HalvingRequest, Place, Reached, places
from tests.sweeps.runs import run


def evaluation(step: int, value: float, goal: Goal = "low", size: int = 8) -> EvaluationResult:
    score = Score(value, 10, 0.5, 5, goal, True)
    args = (10, 10, (3, size, size), "images", "random", "features", 0, 1.0)
    return EvaluationResult(step, 8 * step, {"kid": score}, *args)


def reached(value: float | None, goal: Goal = "low", size: int = 8) -> Reached:
    found = [] if value is None else [evaluation(4, value, goal, size)]
    return Reached.at(4, found, "kid")


@pytest.mark.parametrize(
    ("runs", "factor", "rungs", "described"),
    [
        (16, 2, None, "16 runs to 1/8 of their steps, 8 to 1/4, 4 to 1/2, 2 to the end"),
        (16, 4, None, "16 runs to 1/4 of their steps, 4 to the end"),
        (3, 2, None, "3 runs to 1/2 of their steps, 1 to the end"),
        (2, 8, None, "2 runs to 1/8 of their steps, 1 to the end"),
        (27, 3, None, "27 runs to 1/9 of their steps, 9 to 1/3, 3 to the end"),
        (4, 2, 4, "4 runs to 1/8 of their steps, 2 to 1/4, 1 to 1/2, 1 to the end"),
        (20, 2, 2, "20 runs to 1/2 of their steps, 10 to the end"),
    ],
)
def test_each_rung_has_fewer_runs_and_more_steps(
    runs: int, factor: int, rungs: int | None, described: str
) -> None:
    request = HalvingRequest.of("kid", factor, rungs)
    assert request
    halving = request.planned(runs, [])
    assert halving.describe(runs) == described
    assert halving.part(halving.rungs) == 1
    assert halving.part(1) == Fraction(1, factor ** (halving.rungs - 1))
    assert Halving.of(halving.as_dict()) == halving


def test_by_default_the_factor_is_two() -> None:
    request = HalvingRequest.of("kid", None, None)
    assert request
    assert request.planned(8, []) == Halving("kid", factor=2, rungs=3)
    assert HalvingRequest.of(None, None, None) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("kid", 1, None), "factor=1: write a whole number from 2 to 64"),
        (("kid", 2, 17), "rungs=17: write a whole number from 2 to 16"),
        (("kid", 2.5, None), "factor=2.5: write a whole number"),
        ((None, 2, None), "factor=2 is of a sweep that halves: add --halve METRIC"),
        ((None, None, 3), "rungs=3 is of a sweep that halves: add --halve METRIC"),
    ],
)
def test_numbers_out_of_range_are_refused(
    arguments: tuple[str | None, int | None, int | None], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        HalvingRequest.of(*arguments)


def test_one_run_and_too_few_steps_are_refused() -> None:
    request = HalvingRequest("kid", 2, None)
    with pytest.raises(RequestError, match="--halve kid: there is only one run"):
        request.planned(1, [])
    settings = Settings()
    settings.add({"dataset": "blossoms", "architecture": "mlp", "loss": "hinge"}, "here")
    settings.set("train.steps", 7, "here")
    with pytest.raises(RequestError, match=r"train\.steps=7: 4 rungs .* need at least 8 steps"):
        request.planned(16, [run(), Run.resolve(settings)])
    settings.set("train.epochs", 1, "later")  # how many steps these are depends on the images
    request.planned(16, [Run.resolve(settings)])


@pytest.mark.parametrize(("goal", "order"), [("low", "abcd"), ("high", "dcba"), ("real", "cbda")])
def test_the_better_runs_go_on(goal: Goal, order: str) -> None:
    values = {"a": 0.1, "b": 0.3, "c": 0.4, "d": 0.8}  # the baseline is 0.5
    found = places({name: reached(value, goal) for name, value in values.items()}, kept=2)
    assert "".join(place.run for place in found) == order
    assert [place.rank for place in found] == [1, 2, 3, 4]
    assert [place.goes_on for place in found] == [True, True, False, False]


def test_of_equal_values_the_first_is_the_better_one() -> None:
    found = places({"a": reached(0.2), "b": reached(0.1), "c": reached(0.1)}, kept=1)
    assert [(place.run, place.goes_on) for place in found] == [
        ("b", True),
        ("c", False),
        ("a", False),
    ]


def test_runs_without_a_comparable_value_do_not_go_on() -> None:
    of = {
        "a": None,
        "b": reached(None),
        "c": reached(0.1, size=4),
        "d": reached(0.3),
        "e": reached(0.2),
    }
    assert places(of, kept=4) == [
        Place("e", 1, goes_on=True),
        Place("d", 2, goes_on=True),
        Place("a", None, goes_on=False),
        Place("b", None, goes_on=False),
        Place("c", None, goes_on=False),
    ]
    assert not any(place.goes_on for place in places({"a": None, "b": reached(None)}, kept=1))


def test_the_value_is_that_of_the_newest_evaluation_of_the_step() -> None:
    found = [evaluation(4, 0.3), evaluation(4, 0.2), evaluation(8, 0.1)]
    at = Reached.at(4, found, "kid")
    assert at.score
    assert at.score.value == 0.2
    assert Reached.of(at.as_dict()) == at
    nothing = Reached.at(6, found, "kid")
    assert nothing.score is None
    assert Reached.of(nothing.as_dict()) == nothing
    assert Reached.at(4, found, "fd").score is None

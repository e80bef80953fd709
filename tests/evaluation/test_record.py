from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ganzoo.evaluation.record import (
    ComparisonBasis,
    EvaluationResult,
    Score,
    comparable_results,
    is_better,
    selection_metric,
)
from tests.evaluations import evaluated

FD = Score(3.0, 10, 1.0, 5, "low", by_features=True)
RECALL = replace(FD, value=0.5, baseline=0.9, goal="high")
SIMILARITY = replace(FD, value=0.3, baseline=0.2, goal="real")
RESULT = evaluated(7, {"recall": RECALL, "fd": FD}, samples=10)


def test_a_result_survives_a_round_trip_through_its_line(tmp_path: Path) -> None:
    assert EvaluationResult.of(RESULT.line()) == RESULT
    assert RESULT.scalars == {"metric/recall": 0.5, "metric/fd": 3.0}


@pytest.mark.parametrize("damaged", ["", "[]", '{"step": 3}', "{", "[" * 10_000, '{"scores": {}}'])
def test_damaged_lines_are_skipped(tmp_path: Path, damaged: str) -> None:
    file = tmp_path / "evaluations.jsonl"
    assert EvaluationResult.read(file) == []
    file.write_text(f"{damaged}\n{RESULT.line()}\n{RESULT.line()[:-9]}")
    assert EvaluationResult.read(file) == [RESULT]


def test_the_selection_metric_is_the_named_value_or_the_first_of_the_named_metric() -> None:
    names = ["fd", "prdc/recall", "prdc", "swd/32", "swd/16"]
    assert [selection_metric(names, best) for best in ("fd", "prdc/recall", "swd")] == [
        *("fd", "prdc/recall", "swd/32"),
    ]
    assert selection_metric(names, "prdc") == "prdc"
    assert selection_metric(names, "another") is None


@pytest.mark.parametrize(
    ("score", "than", "better"),
    [
        (FD, None, True),
        (FD, 4.0, True),
        (FD, 3.0, False),
        (RECALL, 0.4, True),
        (RECALL, 0.6, False),
        (SIMILARITY, 0.05, True),
        (SIMILARITY, 0.25, False),
    ],
)
def test_a_better_score_is_nearer_to_the_goal(
    score: Score, than: float | None, better: bool
) -> None:
    assert is_better(score, than) is better


def test_scores_of_other_options_of_the_metric_are_not_comparable() -> None:
    one, other = (
        ComparisonBasis.of(RESULT, replace(FD, options=options)) for options in ("", '{"k": 3}')
    )
    assert list(other.differences(one)) == ['the metric\'s options {"k": 3}, not default']
    assert list(one.differences(one)) == []
    line = RESULT.line().replace(', "options": ""', "")  # as written by versions without this field
    assert EvaluationResult.of(line) == RESULT


def test_comparable_results_are_those_like_the_last_one_in_the_order_of_steps() -> None:
    other = evaluated(1, {"fd": replace(FD, images=99)})
    second, first, again = (evaluated(step, {"fd": FD}) for step in (9, 8, 9))
    without = evaluated(10, {"recall": RECALL})
    found = comparable_results([other, second, first, without, again], "fd")
    assert [id(each) for each in found] == [id(first), id(again)]
    assert comparable_results([other, without], "kid") == []

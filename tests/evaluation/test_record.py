from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ganzoo.evaluation.record import Basis, Evaluated, Score, best, is_better, read

FD = Score(3.0, 10, 1.0, 5, "low", by_features=True)
RECALL = replace(FD, value=0.5, baseline=0.9, goal="high")
ALIKE = replace(FD, value=0.3, baseline=0.2, goal="real")
FOUND = Evaluated(
    step=7,
    images_seen=70,
    scores={"recall": RECALL, "fd": FD},
    samples=10,
    real=20,
    image_shape=(3, 8, 8),
    images="them",
    extractor="random",
    features="it",
    seed=0,
    seconds=1.5,
)


def test_a_line_tells_it_all(tmp_path: Path) -> None:
    assert Evaluated.of(FOUND.line()) == FOUND
    assert FOUND.scalars == {"metric/recall": 0.5, "metric/fd": 3.0}


@pytest.mark.parametrize("junk", ["", "[]", '{"step": 3}', "{", "[" * 10_000, '{"scores": {}}'])
def test_torn_lines_are_passed_over(tmp_path: Path, junk: str) -> None:
    file = tmp_path / "evaluations.jsonl"
    assert read(file) == []
    file.write_text(f"{junk}\n{FOUND.line()}\n{FOUND.line()[:-9]}")
    assert read(file) == [FOUND]


def test_the_best_is_by_its_name_or_by_the_first_that_is_low() -> None:
    assert best(FOUND.scores, None) == "fd"
    assert best(FOUND.scores, "recall") == "recall"
    assert best(FOUND.scores, "another") is None
    assert best({"recall": RECALL}, None) is None


@pytest.mark.parametrize(
    ("score", "than", "better"),
    [
        (FD, None, True),
        (FD, 4.0, True),
        (FD, 3.0, False),
        (RECALL, 0.4, True),
        (RECALL, 0.6, False),
        (ALIKE, 0.05, True),
        (ALIKE, 0.25, False),
    ],
)
def test_better_is_nearer_to_the_goal(score: Score, than: float | None, better: bool) -> None:
    assert is_better(score, than) is better


def test_numbers_of_other_options_of_the_metric_are_not_compared() -> None:
    one, other = (Basis.of(FOUND, replace(FD, options=told)) for told in ("", '{"k": 3}'))
    assert list(other.unlike(one)) == ['the metric\'s options {"k": 3}, not default']
    assert list(one.unlike(one)) == []
    line = FOUND.line().replace(', "options": ""', "")  # as before they were kept
    assert Evaluated.of(line) == FOUND

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ganzoo.comparison import compare, differing_settings, ranked
from ganzoo.evaluation.record import EvaluationResult, Goal, Score
from ganzoo.folders import RunFolder
from tests import evaluations

SETTINGS = {"loss": {"name": "adversarial/hinge"}, "seed": 0}


def evaluated(step: int, value: float, goal: Goal = "low", **more: Any) -> EvaluationResult:
    score = Score(value, more.get("samples", 100), 0.1, 50, goal, more.pop("by_features", False))
    fields = {"samples": 100, "real": 100, "images": "one", **more}
    return evaluations.evaluated(step, {"kid": score}, **fields)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., RunFolder]:
    """A run folder with these evaluations and settings."""

    def make(
        name: str,
        *found: EvaluationResult,
        settings: Mapping[str, Any] = SETTINGS,
        damaged: str = "",
    ) -> RunFolder:
        folder = RunFolder.create(tmp_path / name, settings)
        lines = [each.line() for each in found]
        folder.evaluations.write_text("\n".join([*lines, damaged]))
        report = {"step": 3, "images_seen": 24, "loss/generator": 1.5}
        folder.metrics.write_text(json.dumps(report))
        return folder

    return make


Made = Callable[..., RunFolder]


def test_a_loss_that_is_written_as_its_name_is_read(made: Made) -> None:
    by_hand = made("by-hand", settings={"loss": "hinge", "seed": 1})
    one, two = compare([made("one"), by_hand])
    assert (one.settings, two.settings) == ({"seed": 0}, {"seed": 1})
    assert not one.losses_unlike
    assert not two.losses_unlike
    other = made("other", settings={"loss": "wgan", "seed": 0})
    assert compare([made("two"), by_hand, other])[2].losses_unlike == (
        "the loss wgan, not adversarial/hinge",
    )


def test_only_settings_that_differ_are_shown() -> None:
    trees = [
        {"loss": {"name": "a/hinge"}, "seed": 0, "train": {"batch_size": 8}},
        {"loss": {"name": "b/wgan", "clip": 0.1}, "seed": 0, "train": {"batch_size": 8}},
    ]
    assert differing_settings(trees) == [
        {"loss": "a/hinge", "loss.clip": None},
        {"loss": "b/wgan", "loss.clip": 0.1},
    ]


def test_settings_that_do_not_affect_training_are_ignored() -> None:
    assert differing_settings([{"log": {"every": 1}}, {"log": {"every": 2}}]) == [{}, {}]


def test_settings_that_cannot_be_read_are_ignored(made: Made) -> None:
    one, other = made("one"), made("other")
    other.settings.write_text("loss = {")
    assert [run.settings for run in compare([one, other])] == [{}, {}]


@pytest.mark.parametrize(
    ("goal", "values", "best"),
    [("low", (3, 1, 2), 1), ("high", (1, 3, 2), 3), ("real", (0.5, 0.2, -0.3), 0.2)],
)
def test_the_best_score_is_nearest_to_the_goal(
    made: Made, goal: Goal, values: tuple[float, ...], best: float
) -> None:
    folder = made("run", *(evaluated(n, value, goal) for n, value in enumerate(values)))
    (run,) = compare([folder])
    assert run.metrics["kid"].best.score.value == best
    assert run.metrics["kid"].last.step == 2


def test_the_last_score_is_of_the_last_step_not_of_the_last_line(made: Made) -> None:
    (run,) = compare([made("run", evaluated(9, 1.0), evaluated(3, 2.0))])
    assert run.metrics["kid"].last.step == 9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"samples": 40}, "40 generated images, not 100"),
        ({"real": 40}, "40 real images, not 100"),
        ({"image_shape": (3, 8, 16)}, "images of 16 x 8 pixels, not of 8 x 8"),
        ({"images": "other"}, "other real images: other, not one"),
        ({"extractor": "net", "by_features": True}, "features of net, not of random"),
        ({"features": "random-2", "by_features": True}, "features random-2, not random-1"),
    ],
)
def test_scores_that_are_not_comparable_have_a_reason(
    made: Made, change: dict[str, Any], reason: str
) -> None:
    by_features = change.get("by_features", False)
    usual = [evaluated(1, 1.0, by_features=by_features) for _ in range(2)]
    runs = [made(str(n), each) for n, each in enumerate([*usual, evaluated(1, 1.0, **change)])]
    assert [run.metrics["kid"].unlike for run in compare(runs)] == [(), (), (reason,)]


def test_other_real_images_are_not_mentioned_if_their_number_differs(made: Made) -> None:
    runs = [made("one", evaluated(1, 1.0)), made("two", evaluated(1, 1.0, real=9, images="x"))]
    assert compare(runs)[1].metrics["kid"].unlike == ("9 real images, not 100",)


@pytest.mark.parametrize("change", [{"seed": 1}, {"extractor": "net", "features": "net-1"}])
def test_the_seed_and_unused_features_may_differ(made: Made, change: dict[str, Any]) -> None:
    runs = [made("one", evaluated(1, 1.0)), made("other", evaluated(1, 1.0, **change))]
    assert [run.metrics["kid"].unlike for run in compare(runs)] == [(), ()]


def test_of_several_bases_the_one_of_all_runs_is_compared(made: Made) -> None:
    few = evaluated(5, 0.5, samples=10)
    runs = [made("one", evaluated(1, 1.0), few), made("other", evaluated(1, 2.0))]
    scores = [run.metrics["kid"] for run in compare(runs)]
    assert [(s.best.score.value, s.last.step, s.unlike) for s in scores] == [(1, 1, ()), (2, 1, ())]


def test_losses_of_another_formula_are_not_comparable(made: Made) -> None:
    other = {"loss": {"name": "wgan-gp/wgan-gp"}, "seed": 0}
    weighted = {"loss": {"name": "adversarial/hinge", "weight": 2}, "seed": 0}
    runs = [made("one"), made("two"), made("a", settings=other), made("b", settings=weighted)]
    assert [run.losses_unlike for run in compare(runs)] == [
        (),
        (),
        ("the loss wgan-gp/wgan-gp, not adversarial/hinge",),
        ("other options of the loss",),
    ]


def test_runs_without_a_score_are_ranked_last(made: Made) -> None:
    runs = [
        made("none"),
        made("fewer", evaluated(1, 0.0, samples=7)),
        made("second", evaluated(1, 2.0)),
        made("first", evaluated(1, 3.0), evaluated(2, 1.0)),
    ]
    names = [Path(run.folder).name for run in ranked(compare(runs), "kid")]
    assert names == ["first", "second", "fewer", "none"]


@pytest.mark.parametrize("damaged", ['{"step": 3, "sco', "{}", "[]", "null", "[" * 99_999])
def test_damaged_lines_are_skipped(made: Made, damaged: str) -> None:
    (run,) = compare([made("run", evaluated(1, 1.0), damaged=damaged)])
    assert run.metrics["kid"].last.step == 1


def test_lines_with_a_number_that_is_not_finite_are_skipped(made: Made) -> None:
    line = evaluated(2, 5.0).line().replace("5.0", "NaN")
    (run,) = compare([made("run", evaluated(1, 1.0), damaged=line)])
    assert run.metrics["kid"].last.step == 1


def test_a_folder_with_settings_only_is_shown(tmp_path: Path) -> None:
    (run,) = compare([RunFolder.create(tmp_path / "run", SETTINGS)])
    assert (run.steps, run.losses, run.metrics) == (None, {}, {})

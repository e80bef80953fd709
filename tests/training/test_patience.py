"""A run ends after ``evaluate.patience`` evaluations without a new best one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

import ganzoo
from ganzoo import ObservedRun, RequestError, RunFolder, Score
from ganzoo.sections import EvaluateOptions
from ganzoo.training.patience import Patience
from tests.evaluations import evaluated

Arguments = Callable[..., dict[str, Any]]
Goal = Literal["low", "high", "real"]


class Waiting:
    """A run that is evaluated at steps 1, 2, 3, ..., and may be resumed."""

    def __init__(self, folder: Path, patience: int = 2) -> None:
        self.folder = RunFolder(folder)
        self.options = EvaluateOptions(every=1, best="kid", patience=patience)
        self.start(step=0)

    def start(self, step: int) -> None:
        """Start or resume the run after a step."""
        self.reasons: list[str] = []
        observed = ObservedRun(
            folder=self.folder,
            step=step,
            resumed=step > 0,
            settings={},
            stop=self.reasons.append,
        )
        self.observer = Patience(self.options, run=observed)

    def evaluate(
        self, values: Sequence[float], first: int = 1, goal: Goal = "low", **more: Any
    ) -> int | None:
        """The step at which the run is ended, if it is."""
        for step, value in enumerate(values, first):
            found = evaluated(step, {"kid": Score(value, 8, 0.5, 8, goal, True)}, **more)
            with self.folder.evaluations.open("a", encoding="utf-8") as file:
                print(found.line(), file=file)
            self.observer.on_evaluation_end(found)
            if self.reasons:
                return step
        return None


def test_a_run_ends_after_evaluations_without_an_improvement(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([3, 2, 2.5, 1, 1, 1.1, 0]) == 6
    assert waiting.reasons == ["kid has not improved for 2 evaluations"]


@pytest.mark.parametrize(
    ("goal", "values"), [("high", [1, 3, 2, 2, 9]), ("real", [0, 0.6, 0.3, 0.8, 0.5])]
)
def test_the_goal_of_the_metric_says_what_is_better(
    tmp_path: Path, goal: Goal, values: list[float]
) -> None:
    assert Waiting(tmp_path).evaluate(values, goal=goal) == 4


def test_a_resumed_run_counts_the_evaluations_up_to_its_step(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([1, 2]) is None
    waiting.start(step=2)
    assert waiting.evaluate([2], first=3) == 3
    waiting.start(step=1)
    assert waiting.evaluate([2], first=2) is None


def test_a_run_that_was_ended_trains_on_for_as_many_evaluations(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([1, 2, 2]) == 3
    waiting.start(step=3)
    assert not waiting.reasons
    assert waiting.evaluate([2], first=4) is None
    waiting.start(step=4)
    assert waiting.evaluate([2], first=5) == 5


def test_a_rollback_forgets_the_evaluations_of_later_steps(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([1, 2]) is None
    waiting.observer.on_rollback(1)
    assert waiting.evaluate([2, 0.5], first=2) is None


def test_evaluations_that_cannot_be_compared_do_not_count(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([0, 0], real=99) is None
    assert waiting.evaluate([2, 1], first=3) is None


def test_another_evaluation_of_the_best_step_does_not_hide_it(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    assert waiting.evaluate([1, 2]) is None
    waiting.evaluate([0.9], real=99)  # as by `ganzoo evaluate`, with more real images
    waiting.start(step=2)
    assert waiting.evaluate([2], first=3) == 3


def test_patience_needs_evaluations(tiny: Arguments) -> None:
    with pytest.raises(RequestError, match=r"evaluate\.patience .* write evaluate\.every=1000"):
        ganzoo.train(**tiny(settings={"evaluate.patience": 2}))


def test_a_training_ends_and_resumes_exactly(
    tiny: Arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a metric that is always the same, the first evaluation is the best one."""
    monkeypatch.setattr("ganzoo.training.patience.is_better", lambda score, than: than is None)
    settings = {"evaluate.every": 1, "evaluate.metrics": "moments", "evaluate.samples": 8}
    settings |= {"evaluate.patience": 3, "checkpoint.every": 1, "checkpoint.keep": 10}
    whole = ganzoo.train(**tiny(steps=8, settings=settings)).folder
    assert [each.name for each in whole.glob("checkpoints/*4.pt")]
    assert not [each.name for each in whole.glob("checkpoints/*5.pt")]
    part = shutil.copytree(whole, tmp_path / "part")
    for step in (3, 4):
        (part / "checkpoints" / f"step-{step:07}.pt").unlink()
    ganzoo.resume(part, quiet=True)
    assert (part / "checkpoints/step-0000004.pt").exists()
    assert not (part / "checkpoints/step-0000005.pt").exists()
    ganzoo.resume(part, quiet=True)
    assert (part / "checkpoints/step-0000007.pt").exists()
    assert not (part / "checkpoints/step-0000008.pt").exists()

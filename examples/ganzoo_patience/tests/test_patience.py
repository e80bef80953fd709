"""The plugin passes ganzoo's checks, and the observer ends a run at the right time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import ganzoo_patience
import pytest
from ganzoo_patience.patience import Patience

from ganzoo import EvaluationResult, ObservedRun, RunFolder, Score
from ganzoo.testing import check_plugin
from ganzoo.testing.fixtures import TinyRun


class Run:
    """A run that is evaluated at steps 1, 2, 3, ... and may be resumed."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = RunFolder(folder)
        self.options = ganzoo_patience.PatienceOptions(**options)
        self.start(step=0)

    def start(self, step: int, **evaluate: Any) -> None:
        """Start or resume the run after a step."""
        self.reasons: list[str] = []
        settings = {"evaluate": {"every": 1, "best": "kid", **evaluate}}
        observed = ObservedRun(
            folder=self.folder,
            step=step,
            resumed=step > 0,
            settings=settings,
            stop=self.reasons.append,
        )
        self.observer = Patience(self.options, run=observed)
        self.observer.on_train_start(step, 100)

    def evaluate(
        self, values: Sequence[float], first: int = 1, goal: Literal["low", "high", "real"] = "low"
    ) -> int | None:
        """The step at which the observer ends the run, if it does."""
        for step, value in enumerate(values, first):
            found = EvaluationResult(
                step=step,
                images_seen=step,
                scores={"kid": Score(value, 8, 0.5, 8, goal, by_features=True)},
                samples=8,
                real=8,
                image_shape=(3, 8, 8),
                images="images",
                extractor="random",
                features="random-1",
                seed=0,
                seconds=0.1,
            )
            with self.folder.evaluations.open("a", encoding="utf-8") as file:
                print(found.line(), file=file)
            self.observer.on_evaluation_end(found)
            if self.reasons:
                return step
        return None


def test_plugin_passes_the_checks() -> None:
    """The observer has a correct declaration, and accepts all events."""
    check_plugin(ganzoo_patience)


def test_a_run_ends_after_evaluations_without_an_improvement(tmp_path: Path) -> None:
    """Two evaluations after the best one, and the reason says so."""
    run = Run(tmp_path, evaluations=2)
    assert run.evaluate([3, 2, 2.5, 1, 1, 1.1, 0]) == 6
    assert run.reasons == ["kid has not improved for 2 evaluations"]


@pytest.mark.parametrize(
    ("goal", "values"), [("high", [1, 3, 2, 2, 9]), ("real", [0, 0.6, 0.3, 0.8, 0.5])]
)
def test_goals(tmp_path: Path, goal: Literal["high", "real"], values: list[float]) -> None:
    """A high value is good, or one near that of real images, 0.5."""
    assert Run(tmp_path, evaluations=2).evaluate(values, goal=goal) == 4


def test_small_changes_do_not_count(tmp_path: Path) -> None:
    """Every value is lower than the one before, but by less than ``min_change``."""
    assert Run(tmp_path, evaluations=2, min_change=0.5).evaluate([3, 2.9, 2.8]) == 3


def test_a_resumed_run_remembers(tmp_path: Path) -> None:
    """What was measured before the resume counts, and what was measured after its step does not."""
    run = Run(tmp_path, evaluations=2)
    assert run.evaluate([1, 2]) is None
    run.start(step=2)
    assert run.evaluate([2], first=3) == 3
    run.start(step=3)
    assert run.reasons
    run.start(step=1)
    assert not run.reasons


def test_a_rollback_forgets(tmp_path: Path) -> None:
    """Steps that are repeated do not count twice."""
    run = Run(tmp_path, evaluations=2)
    assert run.evaluate([1, 2]) is None
    run.observer.on_rollback(1)
    assert run.evaluate([2, 0.5], first=2) is None


def test_wrong_settings(tmp_path: Path) -> None:
    """Without evaluations, or with a metric that they do not have, it says what to write."""
    with pytest.raises(ValueError, match=r"write evaluate\.every=1000"):
        Run(tmp_path).start(step=0, every=None)
    with pytest.raises(ValueError, match=r"observe\.patience\.metric=NAME with one of kid"):
        Run(tmp_path, metric="fd").evaluate([1])


def test_a_run_that_is_ended_resumes_exactly(tiny_run: TinyRun) -> None:
    """A run of eight steps ends after four, and so does a copy that is resumed before."""
    settings: dict[str, Any] = {"train.steps": 8, "evaluate.every": 1, "checkpoint.every": 1}
    settings |= {"evaluate.metrics": "moments", "observe.patience.metric": "moments"}
    settings |= {"observe.patience.evaluations": 3, "observe.patience.min_change": 1e6}
    assert tiny_run(ganzoo_patience, settings=settings).step == 4

from __future__ import annotations

import itertools
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ganzoo import RequestError
from ganzoo.evaluation.record import EvaluationResult, Goal, Score
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.space import Choice, Range, Space
from ganzoo.sweeps.study import JOURNAL, Study
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import Trial
from ganzoo.sweeps.trial_folder import TrialFolder
from tests.sweeps.runs import run

optuna = pytest.importorskip("optuna")

SPACE: Space = {
    "train.generator.lr": Range(1e-5, 1e-2, False, True, None),
    "loss": Choice(("hinge", "lsgan")),
}
RUN = run("mlp")


def search(sampler: str = "tpe", trials: int = 12, goal: Goal = "low", seed: int = 0) -> Search:
    return Search(sampler, trials, seed, "kid", goal, SPACE, {})


def study(folder: Path, of: Search, resolve: Any = lambda settings: RUN) -> Study:
    folder.mkdir(exist_ok=True)
    return Study(folder, of, resolve)


def sweep(folder: Path, of: Search) -> Sweep:
    return Sweep(folder, of)


def end(folder: Path, trial: Trial, value: float | None, state: str = "finished") -> None:
    """Pretend that this run was trained, with this value of its metric."""
    of = TrialFolder(folder, trial.name)
    of.run.path.mkdir(exist_ok=True)
    if value is not None:
        score = Score(value, 10, None, 5, "low", True)
        args = (10, 10, (3, 8, 8), "images", "random", "features", 0, 1.0)
        with of.run.evaluations.open("a") as file:
            file.write(EvaluationResult(5, 40, {"kid": score}, *args).line() + "\n")
    of.write(state)


def objective(trial: Trial) -> float:
    """Best for lsgan with a learning rate of 0.001."""
    distance = abs(math.log10(float(trial.differs["train.generator.lr"])) + 3)
    return distance + (trial.differs["loss"] == "hinge")


def searched(folder: Path, of: Search) -> list[dict[str, str]]:
    """The settings of all runs of a search that one process trains."""
    chooser = study(folder, of)
    while chooser.add_run():
        trial = sweep(folder, of).trials[-1]
        end(folder, trial, objective(trial))
        chooser.update()
    return [trial.differs for trial in sweep(folder, of).trials]


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_the_runs_are_a_function_of_the_seed_and_the_values(tmp_path: Path, sampler: str) -> None:
    first = searched(tmp_path / "a", search(sampler, 8))
    assert len({json.dumps(each) for each in first}) == 8
    assert searched(tmp_path / "b", search(sampler, 8)) == first
    assert searched(tmp_path / "c", search(sampler, 8, seed=1)) != first


def test_tpe_comes_nearer_to_the_best_than_random(tmp_path: Path) -> None:
    def mean(sampler: str, seed: int) -> float:
        of = search(sampler, 24, seed=seed)
        folder = tmp_path / f"{sampler}-{seed}"
        searched(folder, of)
        return sum(objective(trial) for trial in sweep(folder, of).trials[12:]) / 12

    means = {name: sum(mean(name, seed) for seed in range(2)) / 2 for name in ("tpe", "random")}
    assert means["tpe"] < 0.8 * means["random"]


def test_a_study_can_be_read_by_optuna(tmp_path: Path) -> None:
    of = search(trials=3)
    searched(tmp_path, of)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    (name,) = optuna.get_all_study_names(storage)
    loaded = optuna.load_study(study_name=name, storage=storage)
    for trial, frozen in zip(sweep(tmp_path, of).trials, loaded.trials, strict=True):
        assert frozen.value == objective(trial)
        assert frozen.params["loss"] == trial.differs["loss"]
        assert f"{frozen.params['train.generator.lr']:.4g}" == trial.differs["train.generator.lr"]
        assert frozen.user_attrs["run"] == trial.name
    assert loaded.best_value == min(map(objective, sweep(tmp_path, of).trials))


@pytest.mark.parametrize("goal", ["low", "high", "real"])
def test_the_best_value_of_a_run_counts(tmp_path: Path, goal: Goal) -> None:
    of = search(goal=goal)
    study(tmp_path, of).add_run()
    (trial,) = sweep(tmp_path, of).trials
    folder = TrialFolder(tmp_path, trial.name).run
    assert of.value(folder) is None
    for value in (0.5, 0.25, 0.75):
        score = Score(value, 10, 0.6, 5, goal, True)
        args = (10, 10, (3, 8, 8), "images", "random", "features", 0, 1.0)
        folder.path.mkdir(exist_ok=True)
        with folder.evaluations.open("a") as file:
            file.write(EvaluationResult(5, 40, {"kid": score}, *args).line() + "\n")
    expected = {"low": 0.25, "high": 0.75, "real": 0.1}[goal]
    assert of.value(folder) == pytest.approx(expected)


def test_a_crash_after_a_run_was_chosen_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = searched(tmp_path / "whole", search(trials=5))
    of, folder = search(trials=5), tmp_path / "crashed"

    def crash(*args: object) -> None:
        raise KeyboardInterrupt

    for number in range(5):
        with monkeypatch.context() as patch:
            patch.setattr(Study, "_write", crash)  # the journal has the run, its file is missing
            with pytest.raises(KeyboardInterrupt):
                study(folder, of).add_run()
        assert len(sweep(folder, of).trials) == number
        study(folder, of).update()
        trial = sweep(folder, of).trials[-1]
        end(folder, trial, objective(trial))  # a crash before the value is told
        study(folder, of).update()
    assert not study(folder, of).add_run()
    assert [trial.differs for trial in sweep(folder, of).trials] == expected


def test_a_line_that_a_crash_has_cut_is_removed(tmp_path: Path) -> None:
    of = search(trials=4)
    chooser = study(tmp_path, of)
    chooser.add_run()
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    chooser.add_run()
    assert study(tmp_path, of).add_run()
    assert len(sweep(tmp_path, of).trials) == 3


def test_a_run_that_failed_counts_as_the_worst(tmp_path: Path) -> None:
    of = search(trials=30)
    chooser = study(tmp_path, of)
    states = itertools.cycle(["diverged: at step 5", "refused: too large", "failed: a bug"])
    while chooser.add_run():
        trial = sweep(tmp_path, of).trials[-1]
        too_high = float(trial.differs["train.generator.lr"]) > 1e-4
        end(tmp_path, trial, None if too_high else 1.0, next(states) if too_high else "finished")
        chooser.update()
    trials = sweep(tmp_path, of).trials
    failed = [float(trial.differs["train.generator.lr"]) > 1e-4 for trial in trials]
    assert sum(failed) < 16  # two thirds of the range, so 20 of 30 at random
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    loaded = optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend))
    found = [trial.state.name for trial in loaded.trials]
    assert found == ["FAIL" if bad else "COMPLETE" for bad in failed]


def test_runs_that_are_trained_at_the_same_time_differ(tmp_path: Path) -> None:
    chooser = study(tmp_path, search(trials=12))
    while chooser.add_run():
        pass
    found = [json.dumps(trial.differs) for trial in sweep(tmp_path, search()).trials]
    assert len(set(found)) == 12


def test_a_machine_that_cannot_train_the_first_run_is_refused(tmp_path: Path) -> None:
    def refuse(settings: Settings) -> Run:
        raise RequestError("the plugin is missing")

    with pytest.raises(RequestError, match="the plugin is missing"):
        study(tmp_path, search(), refuse).check()


def test_settings_that_are_refused_are_the_result_of_a_run(tmp_path: Path) -> None:
    def refuse(settings: Settings) -> Run:
        raise RequestError("these do not fit")

    chooser = study(tmp_path, search(), refuse)
    chooser.add_run()
    (trial,) = sweep(tmp_path, search()).trials
    assert TrialFolder(tmp_path, trial.name).state == "refused: these do not fit"
    assert TrialFolder(tmp_path, trial.name).trial.exists()


def test_several_workers_choose_each_run_once(tmp_path: Path) -> None:
    of = search("random", trials=24)
    (tmp_path / "study").mkdir()

    def work(_: int) -> int:
        chooser, count = study(tmp_path / "study", of), 0
        while chooser.add_run():
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))
    assert sum(counts) == 24
    found = sweep(tmp_path / "study", of).trials
    assert [int(trial.name.split("-")[0]) for trial in found] == list(range(1, 25))
    alone = searched(tmp_path / "alone", of)  # of random, the values do not matter
    assert [trial.differs for trial in found] == alone

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

import ganzoo.training.recovery  # noqa: F401 - once, for all processes that are forked here
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import Observer
from ganzoo.run import Run
from ganzoo.sweeps import worker
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import trials
from ganzoo.sweeps.worker import Worker
from tests.sweeps.runs import run

FORK = multiprocessing.get_context("fork")
RUN = run()


def created(folder: Path, count: int) -> Sweep:
    differs = [{"seed": str(seed)} for seed in range(count)]
    return Sweep.create(folder, trials(differs, [RUN] * count))


def train(folder: Path) -> bool:
    sweep = Sweep.open(folder)
    stored = StoredRuns(sweep)
    return Worker(sweep, SweepProgress(Observer(), sweep.size), stored, lambda trial: RUN).train()


def start(folder: Path) -> BaseProcess:
    process = FORK.Process(target=train, args=(folder,))
    process.start()
    return process


def note(run: Run, folder: RunFolder, progress: Observer) -> str:
    """In place of training: note which process has trained this run."""
    folder.path.mkdir(exist_ok=True)
    with (folder.path / "trained-by").open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.002)
    return "finished"


def trained_by(sweep: Sweep) -> list[list[str]]:
    files = [sweep.path / trial.name / "trained-by" for trial in sweep.trials]
    return [file.read_text().split() for file in files]


@pytest.mark.parametrize("has_locks", [True, False])
def test_several_workers_train_each_run_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_locks: bool
) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(worker, "_train", note)
    if not has_locks:
        monkeypatch.setattr("filelock.FileLock.acquire", unknown)
    sweep = created(tmp_path / "sweep", 80)
    processes = [start(sweep.path) for _ in range(4)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    by = trained_by(sweep)
    assert [len(each) for each in by] == [1] * 80
    assert len(Counter(each[0] for each in by)) > 1  # not all by the same
    assert {result.state for result in sweep.results()} == {"finished"}


def test_the_run_of_a_killed_worker_is_taken_over_after_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: Event = FORK.Event()

    def hang(run: Run, folder: RunFolder, progress: Observer) -> str:
        begun.set()
        time.sleep(60)
        raise AssertionError

    sweep = created(tmp_path / "sweep", 4)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_train", hang)
        hanging = start(sweep.path)
        assert begun.wait(60)
    assert [result.state for result in sweep.results()] == ["running", *["not begun"] * 3]
    order: list[str] = []

    def train_now(run: Run, folder: RunFolder, progress: Observer) -> str:
        if not order:
            assert hanging.pid
            os.kill(hanging.pid, signal.SIGKILL)
            hanging.join()
        order.append(folder.path.name)
        return "finished"

    monkeypatch.setattr(worker, "_train", train_now)
    assert train(sweep.path) is False
    assert order == ["2-seed=1", "3-seed=2", "4-seed=3", "1-seed=0"]
    assert {result.state for result in sweep.results()} == {"finished"}


def test_a_run_that_another_process_trains_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_train", note)
    sweep = created(tmp_path / "sweep", 2)
    with sweep.folder(sweep.trials[0]).owned(print):
        assert train(sweep.path) is False
        assert [result.state for result in sweep.results()] == ["running", "finished"]
    assert [result.state for result in sweep.results()] == ["not begun", "finished"]


def test_failed_runs_are_tried_again_when_a_sweep_is_started_again_not_by_another_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: Run, folder: RunFolder, progress: Observer) -> str:
        raise ZeroDivisionError

    sweep = created(tmp_path / "sweep", 2)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_train", fail)
        train(sweep.path)
    monkeypatch.setattr(worker, "_train", note)
    train(sweep.path)
    assert {result.state for result in sweep.results()} == {"failed: ZeroDivisionError: "}
    sweep.reopen()
    train(sweep.path)
    assert {result.state for result in sweep.results()} == {"finished"}


def test_a_run_whose_process_was_just_killed_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may remove a killed process, and with it its lock, a moment later."""
    monkeypatch.setattr(worker, "_train", note)
    sweep = created(tmp_path / "sweep", 2)
    locked = sweep.folder(sweep.trials[1]).owned(lambda message: None)
    locked.__enter__()
    pauses: list[float] = []

    def unlock(seconds: float) -> None:
        if seconds == worker._REMOVAL:
            pauses.append(seconds)
            locked.__exit__(None, None, None)

    monkeypatch.setattr(time, "sleep", unlock)
    assert not train(sweep.path)
    assert [len(each) for each in trained_by(sweep)] == [1, 1]
    assert len(pauses) == 1

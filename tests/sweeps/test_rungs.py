from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

import ganzoo.training.recovery
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer
from ganzoo.run import Run
from ganzoo.sweeps import rungs, trial_folder, worker
from ganzoo.sweeps.halved_runs import rungs_of
from ganzoo.sweeps.halving import Halving
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.sweep_file import FILE
from ganzoo.sweeps.trial import trials
from ganzoo.sweeps.trial_folder import FINISHED, PAUSED
from ganzoo.sweeps.worker import Worker
from tests.sweeps.runs import run

FORK = multiprocessing.get_context("fork")
RUN = run()
STEPS = 8


class Messages(Observer):
    """Keeps the messages."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def on_message(self, message: str) -> None:
        self.texts.append(message)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_POLL", 0.01)


def created(folder: Path, count: int = 8, factor: int = 2) -> Sweep:
    halving = Halving("kid", factor, rungs=3)
    differs = [{"seed": str(seed)} for seed in range(count)]
    return Sweep.create(folder, trials(differs, [RUN] * count), halving)


def train(folder: Path) -> list[str]:
    """Train a sweep in this process; returns the messages."""
    sweep, observer = Sweep.open(folder), Messages()
    progress = SweepProgress(observer, sweep.size)
    assert Worker(sweep, progress, StoredRuns(sweep), lambda trial: RUN).train() is False
    return observer.texts


def start(folder: Path) -> BaseProcess:
    process = FORK.Process(target=train, args=(folder,))
    process.start()
    return process


def number(folder: RunFolder) -> int:
    return int(folder.path.name.partition("-")[0])


def end(folder: RunFolder, part: Fraction, value: float | None) -> str:
    """Pretend that this run was trained to a part of its steps, with this value of its metric."""
    step = int(STEPS * part)
    folder.checkpoints.mkdir(parents=True, exist_ok=True)
    (folder.checkpoints / f"step-{step:07}.pt").touch()
    if value is not None:
        args = (10, 10, (3, 8, 8), "images", "random", "features", 0, 1.0)
        scores = {"kid": Score(value, 10, None, 5, "low", True)}
        with folder.evaluations.open("a") as file:
            file.write(EvaluationResult(step, 8 * step, scores, *args).line() + "\n")
    return FINISHED if part == 1 else PAUSED


def pretend(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
    """In place of training: the later a run, the better its value."""
    return end(folder, part, 1 / (number(folder) + float(part)))


def decided(folder: Path) -> list[Any]:
    return [json.loads(file.read_text()) for file in sorted((folder / "rungs").glob("?.json"))]


def test_the_better_half_of_the_runs_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[int, Fraction]] = []

    def note(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        trained.append((number(folder), part))
        return pretend(run, folder, progress, part)

    monkeypatch.setattr(worker, "_train", note)
    sweep = created(tmp_path / "sweep")
    assert Sweep.open(sweep.path).rungs
    messages = train(sweep.path)
    assert trained == [
        *((each, Fraction(1, 4)) for each in range(1, 9)),
        *((each, Fraction(1, 2)) for each in (5, 6, 7, 8)),
        *((each, Fraction(1)) for each in (7, 8)),
    ]
    assert [each for each in messages if each.startswith("rung")] == [
        "rung 1 of 3: runs are trained to 1/4 of their steps",
        "rung 1 has ended; runs that go on: 4",
        "rung 2 of 3: runs are trained to 1/2 of their steps",
        "rung 2 has ended; runs that go on: 2",
        "rung 3 of 3: runs are trained to the end",
    ]
    results = sweep.results()
    assert [result.state for result in results] == [
        "out in rung 1: kid 0.8, rank 8 of 8",
        "out in rung 1: kid 0.4444, rank 7 of 8",
        "out in rung 1: kid 0.3077, rank 6 of 8",
        "out in rung 1: kid 0.2353, rank 5 of 8",
        "out in rung 2: kid 0.1818, rank 4 of 4",
        "out in rung 2: kid 0.1538, rank 3 of 4",
        "finished",
        "finished",
    ]
    assert [(rung.step, rung.images_seen, rung.rank, rung.runs) for rung in results[6].rungs] == [
        (2, 16, 2, 8),
        (4, 32, 2, 4),
        (8, 64, 2, 2),
    ]
    assert [result.number for result in results if result.rungs[-1].is_best] == [8]
    runs = [RunFolder(sweep.path / trial.name) for trial in sweep.trials]
    assert [len(each) for each in rungs_of(runs).values()] == [1, 1, 1, 1, 2, 2, 3, 3]
    assert not sweep.is_incomplete
    trained.clear()
    train(sweep.path)
    assert not trained


@pytest.mark.parametrize("has_locks", [True, False])
def test_several_workers_train_each_run_once_and_begin_a_rung_when_the_last_one_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_locks: bool
) -> None:
    def note(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        folder.path.mkdir(exist_ok=True)
        begin = time.monotonic()
        time.sleep(0.002 * (number(folder) % 3))
        with (folder.path / "times").open("a") as file:
            file.write(f"{part} {begin} {time.monotonic()} {os.getpid()}\n")
        return pretend(run, folder, progress, part)

    def unknown(*args: object, **kwargs: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(worker, "_train", note)
    if not has_locks:
        monkeypatch.setattr("filelock.FileLock.acquire", unknown)
    sweep = created(tmp_path / "sweep", 24)
    processes = [start(sweep.path) for _ in range(3)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    lines = [
        (file.parent.name, *line.split())
        for file in sweep.path.glob("*/times")
        for line in file.read_text().splitlines()
    ]
    assert Counter(part for _, part, *_ in lines) == {"1/4": 24, "1/2": 12, "1": 6}
    assert len({(name, part) for name, part, *_ in lines}) == 42
    assert len({process for *_, process in lines}) > 1
    for one, other in (("1/4", "1/2"), ("1/2", "1")):
        last = max(float(end) for _, part, _, end, _ in lines if part == one)
        assert last <= min(float(begin) for _, part, begin, _, _ in lines if part == other)
    assert Counter(result.state for result in sweep.results())["finished"] == 6


def crashes(monkeypatch: pytest.MonkeyPatch, folder: Path, at: int, after: bool) -> Iterator[bool]:
    """Crash at a write of the state of a sweep, before or after it; whether there was one more."""
    writes = 0

    def crash(path: Path, content: str) -> None:
        nonlocal writes
        writes += 1
        if writes == at and not after:
            raise KeyboardInterrupt
        write_atomically(path, content)
        if writes == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trial_folder, "write_atomically", crash)
        patch.setattr(rungs, "write_atomically", crash)
        try:
            train(folder)
        except KeyboardInterrupt:
            yield True
        else:
            yield False


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_moment_changes_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setattr(worker, "_train", pretend)
    whole = created(tmp_path / "whole", 4)
    train(whole.path)
    expected = [(result.state, result.rungs) for result in whole.results()]
    moment, crashed = 0, True
    while crashed:
        moment += 1
        sweep = created(tmp_path / f"crash-{moment}", 4)
        (crashed,) = crashes(monkeypatch, sweep.path, moment, after)
        train(sweep.path)
        assert [(result.state, result.rungs) for result in sweep.results()] == expected
        assert decided(sweep.path) == decided(whole.path)
    assert moment == 4 + 1 + 2 + 1 + 2 + 1  # runs and decisions; the last one also ends its run


def test_the_run_of_a_killed_worker_is_taken_over_by_one_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: Event = FORK.Event()

    def hang(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        begun.set()
        time.sleep(60)
        raise AssertionError

    monkeypatch.setattr(worker, "_train", hang)
    sweep = created(tmp_path / "sweep", 4)
    hanging = start(sweep.path)
    assert begun.wait(60)
    monkeypatch.setattr(worker, "_train", pretend)
    sleep, waits = time.sleep, 0

    def kill_it(seconds: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 3:
            assert hanging.pid
            os.kill(hanging.pid, signal.SIGKILL)
            hanging.join()
        sleep(seconds)

    monkeypatch.setattr("ganzoo.sweeps.worker.time.sleep", kill_it)
    messages = train(sweep.path)
    assert waits >= 3
    assert messages.count("waiting for other processes, which train runs of rung 1") == 1
    assert [result.state for result in sweep.results()][2:] == [
        "out in rung 2: kid 0.2857, rank 2 of 2",
        "finished",
    ]


def test_a_worker_ends_if_a_run_is_left_that_nobody_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        return "" if number(folder) == 2 else pretend(run, folder, progress, part)

    sweep = created(tmp_path / "sweep", 4)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "_train", leave)
        train(sweep.path)
    assert not decided(sweep.path)
    assert [result.state for result in sweep.results()] == [
        "at the end of rung 1: kid 0.8",
        "not begun",
        "at the end of rung 1: kid 0.3077",
        "at the end of rung 1: kid 0.2353",
    ]
    monkeypatch.setattr(worker, "_train", pretend)
    train(sweep.path)
    assert len(decided(sweep.path)) == 2


def test_runs_that_fail_are_out_and_tried_again_only_in_their_rung(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {1}
    fails = {8: ZeroDivisionError("once"), 7: ganzoo.training.recovery.Diverged("nan")}

    def fail(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        if number(folder) in fails:
            raise fails[number(folder)]
        return "" if number(folder) in left else pretend(run, folder, progress, part)

    monkeypatch.setattr(worker, "_train", fail)
    sweep = created(tmp_path / "sweep")
    train(sweep.path)  # the first run is left, so that the rung does not end
    sweep.reopen()
    del fails[8]
    fails[6] = ZeroDivisionError("again")
    left.clear()
    train(sweep.path)
    assert [result.state for result in sweep.results()][3:] == [
        "out in rung 2: kid 0.2222, rank 3 of 4",
        "finished",
        "failed: ZeroDivisionError: again",
        "diverged: nan",
        "finished",
    ]
    before = decided(sweep.path)
    sweep.reopen()
    train(sweep.path)
    assert decided(sweep.path) == before
    assert sweep.results()[5].state == "failed: ZeroDivisionError: again"


def test_a_run_that_an_observer_ends_before_the_last_rung_does_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_the_best(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        state = pretend(run, folder, progress, part)
        return FINISHED if number(folder) == 8 else state

    monkeypatch.setattr(worker, "_train", end_the_best)
    sweep = created(tmp_path / "sweep")
    train(sweep.path)
    assert [place["goes_on"] for place in decided(sweep.path)[0] if place["run"][0] == "8"] == [
        False
    ]
    last = sweep.results()[-1]
    assert (last.state, [rung.rank for rung in last.rungs]) == ("finished", [None])


def test_a_damaged_decision_is_written_again_after_it_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_train", pretend)
    sweep = created(tmp_path / "sweep")
    train(sweep.path)
    before, results = decided(sweep.path), sweep.results()
    file = sweep.path / "rungs" / "1.json"
    file.write_text("[{}]")
    with pytest.raises(ganzoo.RequestError, match=r"cannot read .*1\.json: .*; remove it: it is "):
        sweep.results()
    file.unlink()
    train(sweep.path)
    assert decided(sweep.path) == before
    assert sweep.results() == results


def test_of_two_processes_that_end_a_rung_the_first_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_train", pretend)
    sweep = created(tmp_path / "sweep")
    train(sweep.path)
    before = decided(sweep.path)
    assert sweep.rungs
    folders = [sweep.folder(trial) for trial in sweep.trials]
    assert [sweep.rungs.end(rung, folders) for rung in (1, 2)] == [4, 2]
    assert decided(sweep.path) == before


def test_without_any_value_no_rung_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure_nothing(run: Run, folder: RunFolder, progress: Observer, part: Fraction) -> str:
        return end(folder, part, None)

    monkeypatch.setattr(worker, "_train", measure_nothing)
    sweep = created(tmp_path / "sweep", 2)
    assert train(sweep.path)[-1] == "rung 1 has ended; no run has a value of kid"
    states = ["at the end of rung 1: no value of kid"] * 2
    assert [result.state for result in sweep.results()] == states


@pytest.mark.parametrize(
    "text", ['{"metric": 1}', '{"metric": "kid", "factor": 1, "rungs": 2}', "3"]
)
def test_damaged_rungs_are_named_in_the_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text('{"trials": [], "halving": ' + text + "}")
    with pytest.raises(ganzoo.RequestError, match=r"cannot read .*sweep\.json: "):
        Sweep.open(tmp_path)

"""A stop at any time: one checkpoint, status 75, and a resume with identical results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.training.checkpoint import Checkpoints
from tests.cli.conftest import Ganzoo

MOMENTS = {
    "taking images": "ganzoo.data.batches:Batches.take",
    "the first update": "ganzoo.training.update:Updater.update",
    "the EMA's update": "ganzoo.training.ema:Ema.update",
    "drawing samples": "ganzoo.training.sample_grids:make_images",
    "reporting": "ganzoo_run_files.journal:Journal.on_report",
    "saving": "ganzoo.training.checkpoint_file:_save",
    "flushing": "os:fsync",
}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

TINY = (
    *(
        "train",
        "blossoms",
        "mlp",
        "lsgan",
        "--run-dir",
        "run",
        "--device",
        "cpu",
        "--resolution",
        8,
    ),
    *("--batch-size", 8, "sample.count=4", "dataset.count=20", "architecture.width=4"),
)


def interrupt(patch: pytest.MonkeyPatch, where: str, number: signal.Signals) -> None:
    """Send a signal at the first call of this function."""
    module, _, path = where.partition(":")
    *parents, name = path.split(".")
    owner: Any = import_module(module)
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    first = iter([True])

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(first, False):
            signal.raise_signal(number)
        return original(*args, **kwargs)

    patch.setattr(owner, name, call)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = Checkpoints(folder / "checkpoints", 3).load()
    names = ("networks.generator", "networks.discriminator", "generator_ema")
    return {f"{k} {n}": w for k in names for n, w in state["state"][k]["weights"].items()}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_at_any_time_loses_nothing(
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    number: signal.Signals,
) -> None:
    settings = ("--steps", 3, "checkpoint.every=1", "log.every=1", "sample.every=1")
    straight = ganzoo_command(*("straight" if w == "run" else w for w in TINY), *settings)
    assert straight.status == 0
    with monkeypatch.context() as patch:
        interrupt(patch, MOMENTS[moment], number)
        stopped = ganzoo_command(*TINY, *settings)
    assert (stopped.status, stopped.out) == (75, "run\n")
    assert "stopping after this step" in stopped.err
    step = Checkpoints(tmp_path / "run" / "checkpoints", 3).steps()[0]
    reported = f"stopped at step {step}, saved in run; resume with: ganzoo resume run"
    assert stopped.err.splitlines()[-1] == reported
    assert "Traceback" not in stopped.err
    assert ganzoo_command("resume", "run").status == 0
    one, other = weights(tmp_path / "run"), weights(tmp_path / "straight")
    assert all(torch.equal(one[name], weight) for name, weight in other.items())
    assert not list((tmp_path / "run").rglob("*.part"))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stop_during_preparation_is_immediate_and_the_same_command_resumes(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, "ganzoo.data.cache_writer:CacheWriter._fill", number)
        stopped = ganzoo_command(*TINY, "--steps", 1)
    assert stopped.status == 75
    reported = "error: stopped before the first step: run the same command again"
    assert stopped.err.splitlines()[-1] == reported
    assert not (tmp_path / "run").exists()
    assert ganzoo_command(*TINY, "--steps", 1).status == 0


def test_a_sweep_stopped_during_preparation_prints_how_to_resume(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = ("sweep", *TINY[1:4], "--sweep-dir", "sweep", *TINY[6:], "--steps", 1, "seed=0,1")
    with monkeypatch.context() as patch:
        interrupt(patch, "ganzoo.data.cache_writer:CacheWriter._fill", signal.SIGTERM)
        stopped = ganzoo_command(*sweep)
    assert stopped.status == 75
    assert stopped.err.splitlines()[-1].endswith("of a run; resume with: ganzoo sweep sweep")
    assert ganzoo_command("sweep", "sweep").status == 0


@pytest.mark.parametrize(("command", "status"), [("train", 75), ("sweep", 75), ("list", 143)])
def test_a_run_stopped_before_its_first_step_can_be_started_again(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch, command: str, status: int
) -> None:
    interrupt(monkeypatch, "ganzoo.registry:Registry.discover", signal.SIGTERM)
    names = () if command == "list" else ("blossoms", "mlp", "lsgan")
    done = ganzoo_command(command, *names)
    assert (done.status, done.err) == (status, "error: terminated\n")


def test_a_run_with_deleted_checkpoints_does_not_start_again(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    ganzoo_command(*TINY, "--steps", 4, "checkpoint.every=2", "log.every=1")
    journal = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    (tmp_path / "run" / "checkpoints").rename(tmp_path / "elsewhere")
    gone = ganzoo_command("resume", "run", "--steps", 9).error
    assert "the checkpoints of run are missing: restore run/checkpoints" in gone
    (tmp_path / "run" / "checkpoints").symlink_to(tmp_path / "a drive that is not there")
    assert ganzoo_command("resume", "run", "--steps", 9).error == gone
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == journal


def test_a_run_stops_after_max_time(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    # A fast machine would also make the 1,000 steps to a scheduled checkpoint.
    rarely = "checkpoint.every=1000000"
    done = ganzoo_command(*TINY, "--steps", 10**9, "train.max_time=1 second", rarely)
    assert done.status == 75
    assert "train.max_time=1 second is reached: stopping after this step" in done.err
    assert "saved in run; resume with: ganzoo resume run" in done.err.splitlines()[-1]
    again = ganzoo_command("resume", "run")
    assert again.status == 75
    assert len(list((tmp_path / "run" / "checkpoints").glob("step-*.pt"))) == 2


@pytest.mark.parametrize("time", ["3", "2 weeks", "0 hours", "-1 hours"])
def test_an_invalid_max_time_is_refused(ganzoo_command: Ganzoo, time: str) -> None:
    refused = ganzoo_command(*TINY, f"train.max_time={time}").error
    assert f'train.max_time={time}: write a duration such as "90 minutes"' in refused


def started(tmp_path: Path, **how: Any) -> subprocess.Popen[bytes]:
    """A run in a process of its own, once it has reported its first losses."""
    command = [sys.executable, "-m", "ganzoo", *map(str, TINY), "--steps", "1000000000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([*command, "log.every=10"], cwd=tmp_path, env=environment, **how)
    journal = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def test_closing_the_terminal_stops_the_run(tmp_path: Path) -> None:
    import pty

    terminal, its_side = pty.openpty()
    process = started(
        tmp_path, stdin=its_side, stdout=its_side, stderr=its_side, start_new_session=True
    )
    os.close(its_side)
    os.close(terminal)  # writing to it is an error from now on
    process.send_signal(signal.SIGHUP)  # as the system does if it was the controlling terminal
    assert process.wait(60) == 75
    assert len(weights(tmp_path / "run")) > 0


def test_a_second_ctrl_c_exits_immediately_without_damage(tmp_path: Path) -> None:
    process = started(tmp_path, stderr=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, reported = process.communicate(timeout=60)
    assert process.returncode in (75, 130)
    assert b"Traceback" not in reported
    for path in Checkpoints(tmp_path / "run" / "checkpoints", 3).paths():
        assert path.with_suffix(".json").exists()


def test_a_second_process_is_refused_before_it_touches_anything(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    process = started(tmp_path, stderr=subprocess.DEVNULL)
    settings = (tmp_path / "run" / "run.toml").read_bytes()
    refused = ganzoo_command("resume", "run", "seed=5").error
    assert f"run is in use by process {process.pid} on " in refused
    assert (tmp_path / "run" / "run.toml").read_bytes() == settings
    process.kill()
    process.wait()
    done = ganzoo_command("resume", "run", "--steps", 1)
    assert f"process {process.pid} on " in done.err
    assert "did not release run" in done.err

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.workers import Workers
from ganzoo.training.checkpoint_file import read
from tests.cli.conftest import Ganzoo, ganzoo_command

__all__ = ["ganzoo_command"]

TINY = (
    *("--resolution", 8, "--steps", 3, "--batch-size", 8, "--device", "cpu", "sample.count=4"),
    *("dataset.count=20", "architecture.width=4", "architecture.latent_dim=4"),
    *("--sweep-dir", "sweep"),
)

KILLER = """
import os, signal
from contextlib import suppress
from pathlib import Path
from ganzoo import Observer, ObserverSpec, hookimpl

class Killer(Observer):
    def __init__(self, run):
        self.once = Path(run.folder.path.parent / "killed")
    def on_step_end(self, step, images_seen):
        if step == 2:
            with suppress(FileExistsError):
                self.once.touch(exist_ok=False)  # only one of two workers can do it
                os.kill(os.getpid(), signal.SIGKILL)

@hookimpl
def ganzoo_observers():
    return [ObserverSpec(name="killer", summary="Kills.", factory=lambda options, run: Killer(run))]
"""


def generators(sweep: Path, step: int) -> list[dict[str, Any]]:
    files = sorted(sweep.glob(f"?-*/checkpoints/step-{step:07}.pt"))
    return [read(file)["state"]["networks.generator"]["weights"] for file in files]


def states(sweep: Path) -> list[str]:
    return [result.state for result in Sweep.open(sweep).results()]


def kill_one_of_two_workers(ganzoo_command: Ganzoo, seeds: int) -> None:
    """Check that the other one ends all runs of a sweep with the weights of a single process."""
    plugin = Path(f"killer_in_{seeds}_runs.py")  # a process loads a plugin of one name once
    plugin.write_text(KILLER)
    listed = ",".join(map(str, range(seeds)))
    sweep = ("sweep", "blossoms", "mlp", "hinge", f"seed={listed}", "checkpoint.every=1")
    ganzoo_command(*sweep, *TINY)
    Path("sweep").rename("alone")

    done = ganzoo_command(*sweep, *TINY, "--workers", 2, "--plugin", plugin, "observe.killer=true")
    assert done.status == 0, done.err
    assert states(Path("sweep")) == ["finished"] * seeds
    assert "was killed by SIGKILL; run " in done.err
    assert " can be resumed" in done.err
    assert done.err.count(f"of {seeds}: seed=") == seeds
    assert [row.split()[-1] for row in done.out.splitlines()[2:]] == ["finished"] * seeds
    ours, theirs = generators(Path("sweep"), 3), generators(Path("alone"), 3)
    assert len(ours) == len(theirs) == seeds
    for one, other in zip(ours, theirs, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def interrupt_workers(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Check that Ctrl-C while all of them train stops each run at its step, with a checkpoint."""
    trained: set[str] = set()
    take = Workers._take

    def interrupt_once_all_train(self: Workers, worker: Any, event: Any) -> None:
        take(self, worker, event)
        if event["event"] == "step":
            trained.add(worker.name)
            if len(trained) == workers:
                trained.add("done")
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Workers, "_take", interrupt_once_all_train)
    endless = [1_000_000 if word == 3 else word for word in TINY]
    sweep = ("sweep", "blossoms", "mlp", "hinge", "seed=0,1", *endless, "sample.every=1000000")
    stopped = ganzoo_command(*sweep, "--workers", 2)
    assert stopped.status == 75, stopped.err
    assert stopped.err.splitlines()[-1] == "resume with: ganzoo sweep sweep"
    assert states(Path("sweep"))[:workers] == ["stopped on request"] * workers
    assert len(list(Path("sweep").glob("?-*/checkpoints/*.pt"))) == workers
    assert not list(Path("sweep").glob("*/owner.json"))
    assert not list(Path("sweep").glob("trials/*/owner.json"))


def test_two_workers_give_the_same_weights_as_one_also_if_one_is_killed(
    ganzoo_command: Ganzoo,
) -> None:
    kill_one_of_two_workers(ganzoo_command, seeds=2)


def test_ctrl_c_stops_workers_at_their_step_with_a_checkpoint(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One worker, because each imports torch; `nox -s processes` interrupts two.
    monkeypatch.setattr(
        "ganzoo.sweeps.workers.Workers", lambda sweep, count, *more: Workers(sweep, 1, *more)
    )
    interrupt_workers(ganzoo_command, monkeypatch, workers=1)

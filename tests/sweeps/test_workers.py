from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.workers import Workers
from ganzoo.training.checkpoint import read
from tests.cli.conftest import Ganzoo, ganzoo_command

__all__ = ["ganzoo_command"]

TINY = (
    *("--resolution", 8, "--steps", 3, "--batch-size", 8, "--device", "cpu", "sample.count=4"),
    *("dataset.count=20", "architecture.width=4", "architecture.latent_dim=4"),
    *("--sweep-dir", "sweep"),
)

KILLER = """
import os, signal
from pathlib import Path
from ganzoo import Observer, ObserverSpec, hookimpl

class Killer(Observer):
    def __init__(self, run):
        self.once = Path(run.folder.path.parent / "killed")
    def on_step_end(self, step, images_seen):
        if step == 2 and not self.once.exists():
            self.once.touch()
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


@pytest.mark.timeout(300)
def test_two_workers_give_the_same_weights_as_one_also_if_one_is_killed(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "killer.py").write_text(KILLER)
    sweep = ("sweep", "blossoms", "mlp", "hinge", "seed=0,1,2,3", "checkpoint.every=1")
    ganzoo_command(*sweep, *TINY)
    Path("sweep").rename("alone")

    done = ganzoo_command(
        *sweep, *TINY, "--workers", 2, "--plugin", "killer.py", "observe.killer=true"
    )
    assert done.status == 0, done.err
    assert states(Path("sweep")) == ["finished"] * 4
    assert "was killed by SIGKILL; run " in done.err
    assert " can be resumed" in done.err
    assert done.err.count("of 4: seed=") == 4
    assert [row.split()[-1] for row in done.out.splitlines()[2:]] == ["finished"] * 4
    ours, theirs = generators(Path("sweep"), 3), generators(Path("alone"), 3)
    assert len(ours) == len(theirs) == 4
    for one, other in zip(ours, theirs, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.timeout(300)
def test_ctrl_c_stops_all_workers_at_their_step_and_the_sweep_resumes(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: set[str] = set()
    take = Workers._take

    def interrupt_once_both_train(self: Workers, worker: Any, event: Any) -> None:
        take(self, worker, event)
        if event["event"] == "step":
            trained.add(worker.name)
            if len(trained) == 2:
                trained.add("done")
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Workers, "_take", interrupt_once_both_train)
    endless = [1_000_000 if word == 3 else word for word in TINY]
    sweep = ("sweep", "blossoms", "mlp", "hinge", "seed=0,1", *endless, "sample.every=1000000")
    stopped = ganzoo_command(*sweep, "--workers", 2)
    assert stopped.status == 75, stopped.err
    assert stopped.err.splitlines()[-1] == "resume with: ganzoo sweep sweep"
    assert states(Path("sweep")) == ["stopped on request"] * 2
    for run in sorted(Path("sweep").glob("?-*")):
        assert list(run.glob("checkpoints/*.pt"))
    assert not list(Path("sweep").glob("*/owner.json"))
    assert not list(Path("sweep").glob("trials/*/owner.json"))

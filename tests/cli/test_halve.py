"""Sweeps that halve the number of their runs, trained for real."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.sweeps.sweep import Sweep
from ganzoo.training.checkpoint_file import read
from ganzoo.training.stopping import Stopping
from ganzoo.training.trainer import Trainer
from tests.cli.conftest import Ganzoo
from tests.sameness import same

TINY = (
    *("--resolution", 8, "--steps", 4, "--batch-size", 8, "--device", "cpu", "sample.count=4"),
    *("dataset.count=20", "architecture.width=4", "architecture.latent_dim=4"),
)
MEASURED = ("extractor=random", "evaluate.samples=8")
CHANGING = ("--augment", "ada", "train.generator.lr=2e-3 -> 0 cosine")
"""Settings with which a step depends on the ones before it and on the number of all steps."""


@pytest.fixture
def halved(ganzoo_command: Ganzoo) -> Callable[..., Any]:
    """A sweep of four runs in the folder ``sweep``, of which two go on; accepts more arguments."""

    def run(
        *more: object,
        folder: str = "sweep",
        words: Sequence[object] = TINY,
        losses: str = "hinge,lsgan",
    ) -> Any:
        names = ("blossoms", "mlp", losses, "seed=0,1", "--sweep-dir", folder)
        return ganzoo_command("sweep", *names, *words, *MEASURED, "--halve", "kid", *more)

    return run


def results(sweep: Path) -> list[tuple[str, list[tuple[int | None, float | None]]]]:
    found = Sweep.open(sweep).results()
    return [(each.state, [(rung.step, rung.value) for rung in each.rungs]) for each in found]


def finished(sweep: Path) -> dict[str, Any]:
    """The last checkpoints of the runs that were trained to their end, by name."""
    return {file.parents[1].name: read(file) for file in sweep.glob("*/checkpoints/*0004.pt")}


def test_a_run_that_goes_on_is_the_same_run_trained_alone(
    halved: Callable[..., Any], ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = halved(*CHANGING, "evaluate.every=3")
    assert done.status == 0, done.err
    states = [state for state, _ in results(tmp_path / "sweep")]
    assert sum(state == "finished" for state in states) == 2
    assert sum(state.startswith("out in rung 1: kid 0.") for state in states) == 2
    last = finished(tmp_path / "sweep")
    assert len(last) == 2
    for name, checkpoint in last.items():
        _, loss, seed = name.split("-")
        names = ("blossoms", "mlp", loss.removeprefix("loss="), seed)
        ganzoo_command("train", *names, *TINY, *CHANGING, "--run-dir", name)
        alone = tmp_path / name
        assert same(read(alone / "checkpoints" / "step-0000004.pt"), checkpoint)
        ours, its = ((each / "run.toml").read_text() for each in (tmp_path / "sweep" / name, alone))
        assert ours.split("[evaluate]")[0] == its.split("[evaluate]")[0]
        steps = [each.step for each in ganzoo.load(tmp_path / "sweep" / name).evaluations]
        assert steps == [2, 3, 4]


def test_tables_and_the_report_show_the_rungs(
    halved: Callable[..., Any], ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    pytest.importorskip("plotly")
    done = halved("evaluate.every=2")
    for result in Sweep.open(tmp_path / "sweep").results():
        steps = [each.step for each in ganzoo.load(result.folder).evaluations]
        assert steps == ([2, 4] if result.state == "finished" else [2])
    head, *rows, best = done.out.splitlines()[1:]
    assert re.split(" {2,}", head)[-3:] == ["rung 1", "rung 2", "state"]
    out = [row for row in rows if "out in rung 1: kid 0." in row]
    assert len(out) == 2
    assert all(re.search(r" 0\.\d+ @2 +- +out in rung 1: .*, rank [34] of 4$", row) for row in out)
    assert re.match(r"best: run \d, rung 2: kid 0\.\d+, rank 1 of 2: loss=", best)
    plain = json.loads(ganzoo_command("sweep", "sweep", "--json").out)
    assert sorted(len(each["rungs"]) for each in plain) == [1, 1, 2, 2]

    compared = ganzoo_command("compare", "sweep", "--sort", "kid", "--csv", "runs.csv")
    assert compared.out.count("out in rung 1, rank ") == 2
    assert "rung 2, rank 1 of 2" in compared.out
    assert "rung 1 rank" in (tmp_path / "runs.csv").read_text().splitlines()[0]
    assert [len(run.rungs) for run in ganzoo.compare(tmp_path / "sweep")].count(2) == 2

    for run in out[1:] + [row for row in rows if row.endswith("finished")][1:]:
        shutil.rmtree(next((tmp_path / "sweep").glob(f"{run.split()[0]}-*")))
    report = ganzoo_command("report", "sweep", "--no-dataset", "--out", "report.html")
    assert report.status == 0, report.err
    page = (tmp_path / "report.html").read_text()
    assert page.count("Trained for 2 steps only: out in rung 1: kid 0.") == 1
    assert "Not finished" not in page
    assert page.count("out in rung 1, rank ") == 1


def test_a_sweep_that_was_cut_off_leaves_the_same_runs(
    halved: Callable[..., Any],
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    halved(*CHANGING, folder="whole")
    step, steps = Trainer.step, iter(range(100))

    def crash(trainer: Trainer) -> None:
        if next(steps) in (3, 9):  # in the second run of the first rung, and in the second rung
            raise KeyboardInterrupt
        step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", crash)
        assert halved(*CHANGING).status == 130
        assert ganzoo_command("sweep", "sweep").status == 130
    with monkeypatch.context() as patch:
        answers = iter([False] * 2)
        patch.setattr(Stopping, "__call__", lambda self: next(answers, True))
        assert ganzoo_command("sweep", "sweep").status == 75
    done = ganzoo_command("sweep", "sweep")
    assert done.status == 0, done.err
    assert results(tmp_path / "sweep") == results(tmp_path / "whole")
    assert same(finished(tmp_path / "sweep"), finished(tmp_path / "whole"))


KILLER = """
import os, signal
from contextlib import suppress
from pathlib import Path
from ganzoo import Observer, ObserverSpec, hookimpl

class Killer(Observer):
    def __init__(self, run):
        self.once = Path(run.folder.path.parent / "killed")
    def on_evaluation_end(self, found):
        with suppress(FileExistsError):
            self.once.touch(exist_ok=False)  # only one of two workers can do it
            os.kill(os.getpid(), signal.SIGKILL)

@hookimpl
def ganzoo_observers():
    factory = lambda options, run: Killer(run)
    return [ObserverSpec(name="killer-at-rung", summary="Kills.", factory=factory)]
"""


@pytest.mark.timeout(600)  # two processes import torch, which takes minutes on a busy machine
def test_two_workers_leave_the_same_runs_as_one_also_if_one_is_killed(
    halved: Callable[..., Any], tmp_path: Path
) -> None:
    """With a run for each worker: after one is killed, the other trains both."""
    plugin = tmp_path / "killer_at_rung.py"
    plugin.write_text(KILLER)
    halved(folder="alone", losses="hinge")
    killed = ("--plugin", plugin, "observe.killer-at-rung=true")
    done = halved("--workers", 2, *killed, losses="hinge")
    assert done.status == 0, done.err
    assert f"was killed by {signal.SIGKILL.name}; run " in done.err
    assert results(tmp_path / "sweep") == results(tmp_path / "alone")
    ours, theirs = finished(tmp_path / "sweep"), finished(tmp_path / "alone")
    assert len(ours) == 1
    assert same(ours, theirs)
    assert done.err.count(": rung 1: kid 0.") == 2
    assert (tmp_path / "sweep" / "rungs" / "1.json").exists()


def test_a_search_is_told_the_values_of_the_first_rung(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    optuna = pytest.importorskip("optuna")
    done = ganzoo_command(
        *("sweep", "blossoms", "mlp", "hinge,lsgan", "train.generator.lr=1e-4..1e-2", *TINY),
        *(*MEASURED, "--search", "tpe", "--trials", 4, "--halve", "kid", "--sweep-dir", "sweep"),
    )
    assert done.status == 0, done.err
    found = Sweep.open(tmp_path / "sweep").results()
    assert sorted(len(each.rungs) for each in found) == [1, 1, 2, 2]
    journal = str(tmp_path / "sweep" / "study.journal")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(journal))
    told = optuna.load_study(study_name="ganzoo", storage=storage).trials
    assert [each.value for each in told] == [each.rungs[0].value for each in found]
    assert "sweep has rungs for 4 runs: remove --trials" in (
        ganzoo_command("sweep", "sweep", "--trials", 8).error
    )


def test_dry_run_shows_the_rungs(halved: Callable[..., Any], tmp_path: Path) -> None:
    assert halved("--dry-run").out.splitlines()[-1] == (
        "halved by kid: 4 runs to 1/2 of their steps, 2 to the end"
    )
    plain = json.loads(halved("--dry-run", "--json", "--factor", 4).out)
    assert plain["halving"] == {"metric": "kid", "factor": 4, "rungs": 2}
    assert len(plain["trials"]) == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--halve", "kidd"], "--halve kidd: evaluate.best=kidd: no metric of the run has this "),
        (["evaluate.metrics=fd"], "--halve kid: evaluate.best=kid: no metric of the run has this "),
        (["evaluate.best=fd"], "--halve kid also chooses the best checkpoint: remove evaluate.b"),
        (["--rungs", 4], "train.steps=4: 4 rungs with the factor 2 need at least 8 steps"),
        (["dataset.seed=1,2"], "dataset.seed: the runs of a sweep with --halve are compared by a"),
    ],
)
def test_what_cannot_be_halved_is_a_one_line_error_and_creates_nothing(
    halved: Callable[..., Any], tmp_path: Path, more: list[object], message: str
) -> None:
    assert message in halved(*more).error
    assert list(tmp_path.iterdir()) == []


def test_one_run_and_numbers_without_a_metric_are_refused(ganzoo_command: Ganzoo) -> None:
    sweep = ("sweep", "blossoms", "mlp", "hinge", *TINY)
    assert "--halve kid: there is only one run" in ganzoo_command(*sweep, "--halve", "kid").error
    wrong = ganzoo_command(*sweep, "seed=0,1", "--factor", 4)
    assert "factor=4 is of a sweep that halves: add --halve METRIC" in wrong.error


def test_an_existing_sweep_is_not_halved(ganzoo_command: Ganzoo) -> None:
    sweep = ("sweep", "blossoms", "mlp", "hinge", "seed=0,1", "--sweep-dir", "sweep")
    ganzoo_command(*sweep, *TINY, "--steps=1")
    error = ganzoo_command("sweep", "sweep", "--halve", "kid").error
    assert "sweep: this sweep trains all runs to their end: start another one with --halve" in error


def test_a_metric_without_this_value_trains_nothing(halved: Callable[..., Any]) -> None:
    done = halved("--halve", "kid/7")
    assert done.status == 1
    assert done.out.count("refused: evaluate.best=kid/7: no metric returns this number") == 4
    assert "rung 1 has ended; no run has a value of kid/7" in done.err


def test_too_few_steps_of_epochs_are_refused_when_they_are_known(
    halved: Callable[..., Any],
) -> None:
    done = halved(words=[word for word in TINY if word not in ("--steps", 4)] + ["--epochs", 0.1])
    assert done.status == 1
    assert done.out.count("refused: 1 steps are too few to evaluate the run after 1/2") == 4


def test_python_halves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiny = {"architecture.width": 4, "architecture.latent_dim": 4, "dataset.count": 20}
    measured = {"extractor": "random", "evaluate.samples": 8, "sample.count": 4}
    done = ganzoo.sweep(
        *("blossoms", "mlp", "hinge"),
        settings={**tiny, **measured},
        seed=[0, 1, 2],
        halve="kid",
        factor=3,
        resolution=8,
        batch_size=8,
        steps=3,
        device="cpu",
        quiet=True,
    )
    assert sorted(len(each.rungs) for each in done.results()) == [1, 1, 2]
    assert [rung.step for each in done.results() for rung in each.rungs].count(1) == 3
    with pytest.raises(ganzoo.RequestError, match="--halve kid: there is only one run"):
        ganzoo.sweep("blossoms", "mlp", "hinge", halve="kid")

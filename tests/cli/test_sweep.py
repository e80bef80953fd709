from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.sweeps.sweep import Sweep
from ganzoo.training.checkpoint_file import read
from ganzoo.training.stopping import Stopping
from ganzoo.training.trainer import Trainer
from tests.cli.conftest import Ganzoo

TINY = (
    *("--resolution", 8, "--steps", 2, "--batch-size", 8, "--device", "cpu", "sample.count=4"),
    *("dataset.count=20", "architecture.width=4", "architecture.latent_dim=4"),
)
"""Settings for a run of less than a second with mlp."""


@pytest.fixture
def tiny_sweep(ganzoo_command: Ganzoo) -> Ganzoo:
    """``ganzoo sweep`` on blossoms with mlp, in the folder ``sweep``; accepts more arguments."""

    def run(*more: object, losses: str = "hinge,lsgan") -> Any:
        names = ("blossoms", "mlp", losses)
        return ganzoo_command("sweep", *names, "--sweep-dir", "sweep", *TINY, *more)

    return run


def weights(run: Path, step: int = 2) -> list[torch.Tensor]:
    state = read(run / "checkpoints" / f"step-{step:07}.pt")
    names = ("networks.generator", "networks.discriminator", "generator_ema")
    players = [state["state"][name]["weights"] for name in names]
    return [tensor for player in players for tensor in player.values()]


def equal(one: Path, other: Path) -> bool:
    return all(map(torch.equal, weights(one), weights(other)))


def states(sweep: Path) -> list[str]:
    return [result.state for result in Sweep.open(sweep).results()]


def test_every_combination_is_trained_and_printed(tiny_sweep: Ganzoo, tmp_path: Path) -> None:
    done = tiny_sweep("seed=0,1")
    assert done.status == 0
    folder, head, *rows = done.out.splitlines()
    assert folder == "sweep"
    names = "run loss seed steps done images seen images/s loss/discriminator loss/generator state"
    assert head.split() == names.split()
    assert [row.split()[:5] for row in rows] == [
        ["1", "hinge", "0", "2", "16"],
        ["2", "hinge", "1", "2", "16"],
        ["3", "lsgan", "0", "2", "16"],
        ["4", "lsgan", "1", "2", "16"],
    ]
    assert all(row.split()[-1] == "finished" for row in rows)
    assert "run 2 of 4: loss=hinge seed=1\n" in done.err
    assert done.err.count("step 2/2") == 4
    folders = sorted(path.parent.name for path in tmp_path.glob("sweep/*/run.toml"))
    assert folders == [
        *("1-loss=hinge-seed=0", "2-loss=hinge-seed=1"),
        *("3-loss=lsgan-seed=0", "4-loss=lsgan-seed=1"),
    ]


def test_flags_take_lists_and_results_are_json(tiny_sweep: Ganzoo) -> None:
    done = tiny_sweep("--seed", "0,1", "--augment", "flip", "--json", losses="hinge")
    first, second = json.loads(done.out)
    assert second["differs"] == {"seed": "1"}
    assert second["steps"] == 2
    assert second["images_per_second"] > 0
    assert set(second["scalars"]) == {"loss/discriminator", "loss/generator"}
    assert (second["state"], second["folder"]) == ("finished", "sweep/2-seed=1")
    assert first["scalars"] != second["scalars"]


def test_sweeps_without_a_name_are_numbered(ganzoo_command: Ganzoo) -> None:
    for number in (1, 2):
        done = ganzoo_command("sweep", "blossoms", "mlp", "hinge,lsgan", *TINY, "train.steps=1,2")
        assert "train.steps is given twice, once as a list" in done.error
        done = ganzoo_command("sweep", "blossoms", "mlp", "hinge,lsgan", *TINY)
        assert done.out.startswith(f"sweeps/blossoms-mlp-hinge+lsgan-00{number}\n")


def test_dry_run_shows_the_combinations(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('dataset = "blossoms"\nloss = "hinge"\n')
    words = ("mine.toml", "architecture=dcgan,mlp", "train.generator.betas=[0,0.9],[0.5,0.999]")
    done = ganzoo_command("sweep", *words, "--dry-run")
    assert done.out.splitlines() == [
        "run  folder                                architecture  betas",
        "1    1-architecture=dcgan-betas=0,0.9      dcgan         [0,0.9]",
        "2    2-architecture=dcgan-betas=0.5,0.999  dcgan         [0.5,0.999]",
        "3    3-architecture=mlp-betas=0,0.9        mlp           [0,0.9]",
        "4    4-architecture=mlp-betas=0.5,0.999    mlp           [0.5,0.999]",
    ]
    trials = json.loads(ganzoo_command("sweep", *words, "--dry-run", "--json").out)
    assert trials[3]["settings"]["train"]["generator"]["betas"] == [0.5, 0.999]
    assert trials[3]["settings"]["architecture"]["name"] == "mlp/mlp"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["blossoms", "dcgan,mlp", "hinge", "--dry-run"]], ids=" ".join
)
def test_help_and_dry_run_import_no_torch(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['ganzoo', 'sweep', *{arguments!r}]\n"
        "from ganzoo.cli import main\n"
        "try: main()\n"
        "except SystemExit as leaving: assert not leaving.code, leaving.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_help_has_examples(ganzoo_command: Ganzoo) -> None:
    assert "`ganzoo sweep blossoms dcgan,mlp hinge,wgan-gp" in ganzoo_command("sweep", "-h").out


def test_a_resumed_sweep_gives_the_same_weights_as_single_runs(
    tiny_sweep: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # Asked before each run and each step: two steps of the first run, one of the second.
        answers = iter([False] * 5)
        patch.setattr(Stopping, "__call__", lambda self: next(answers, True))
        stopped = tiny_sweep("seed=0,1")
    assert stopped.status == 75
    assert stopped.err.splitlines()[-1] == "resume with: ganzoo sweep sweep"
    ends = [row.split()[-1] for row in stopped.out.splitlines()[2:]]
    assert ends == ["finished", "request", "begun", "begun"]
    sweep = tmp_path / "sweep"
    assert states(sweep) == ["finished", "stopped on request", "not begun", "not begun"]
    before = {p: p.stat().st_mtime_ns for p in sweep.glob("1-*/**/*")}

    done = ganzoo_command("sweep", "sweep", "--device", "cpu")
    assert (done.status, states(sweep)) == (0, ["finished"] * 4)
    assert {p: p.stat().st_mtime_ns for p in sweep.glob("1-*/**/*")} == before
    assert "run 1 of 4" not in done.err
    for run in sorted(sweep.glob("?-*")):
        _, loss, seed = run.name.split("-")
        plain = ("--run-dir", run.name, *TINY)
        ganzoo_command("train", "blossoms", "mlp", loss.removeprefix("loss="), *plain, seed)
        assert equal(run, tmp_path / run.name)


def test_a_finished_sweep_only_prints_its_table(tiny_sweep: Ganzoo, ganzoo_command: Ganzoo) -> None:
    first = tiny_sweep()
    again = ganzoo_command("sweep", "sweep")
    assert (again.status, again.out, again.err) == (0, first.out, "")


def test_a_failed_run_does_not_stop_the_other_runs(
    tiny_sweep: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "gan_of_a_sweep.py").write_text(
        "from ganzoo import LossSpec, hookimpl\n"
        "class Broken:\n"
        "    independent_scores = False\n"
        "    def __init__(self, options): pass\n"
        "    def discriminator(self, scores): return {'it': scores.real @ scores}\n"
        "    generator = discriminator\n"
        "@hookimpl\n"
        "def ganzoo_losses(): return [LossSpec(name='broken', summary='Breaks.', factory=Broken)]\n"
    )
    done = tiny_sweep(
        *("--plugin", "gan_of_a_sweep.py", "train.generator.lr=1e30,1e-3"), losses="broken,hinge"
    )
    assert done.status == 1
    failed, _, diverged, finished = states(tmp_path / "sweep")
    assert failed.startswith("failed: ")
    assert diverged.startswith("diverged: in the discriminator's update of step 2, fake is nan")
    assert finished == "finished"
    assert diverged in done.out
    again = ganzoo_command("sweep", "sweep")
    assert again.status == 1
    # A run that diverged would diverge again.
    assert [line for line in again.err.splitlines() if line.startswith("run ")] == [
        "run 1 of 4: loss=broken lr=1e30",
        "run 2 of 4: loss=broken lr=1e-3",
    ]


def test_a_resumed_sweep_retries_refused_runs(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    from PIL import Image

    settings = (word for word in TINY if word != "dataset.count=20")
    done = ganzoo_command(
        *("sweep", "image-folder", "mlp", "hinge", "dataset.path=a,b", "--sweep-dir", "sweep"),
        *settings,
    )
    assert done.status == 1
    assert [state.split(":")[0] for state in states(tmp_path / "sweep")] == ["refused", "refused"]
    assert not list((tmp_path / "sweep").glob("?-*"))
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a" / "1.png")
    assert ganzoo_command("sweep", "sweep").status == 1
    finished, refused = states(tmp_path / "sweep")
    assert finished == "finished"
    assert refused.startswith("refused: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["architecture.with=4,8"], "no setting architecture.with; did you mean architecture.wi"),
        (
            ["train.generator.lr=1e-3,-1"],
            "should be greater than or equal to 0 (in run 2: loss=hinge lr=-1)",
        ),
        (["seed=0,"], "seed=: input should be a valid integer"),
        (["train.devices=1,2"], "train.devices=2: the runs of a sweep train in one process"),
        (["train.nodes=2"], "train.nodes=2: the runs of a sweep train in one process"),
        (["--augment", "flop"], "no augmentation called flop"),
        (["one-more"], "expected three names, DATASET ARCHITECTURE LOSS, not 4"),
    ],
)
def test_a_wrong_combination_is_a_one_line_error_and_creates_nothing(
    tiny_sweep: Ganzoo, tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert message in tiny_sweep(*arguments).error
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_warns_once_about_a_broken_plugin(tiny_sweep: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "broken_in_a_sweep.py").write_text("1 / 0")
    done = tiny_sweep("--plugin", "broken_in_a_sweep.py", "--dry-run")
    assert done.status == 0
    assert done.err.count("broken-in-a-sweep") == 1


def test_an_existing_folder_is_refused_and_left_alone(tiny_sweep: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    assert "sweep exists already: name another folder" in tiny_sweep().error
    assert list((tmp_path / "sweep").iterdir()) == []
    (tmp_path / "sweep" / "sweep.json").write_text('{"trials": []}')
    assert "sweep exists already: resume it with `ganzoo sweep sweep`" in tiny_sweep().error


def test_a_folder_that_is_not_a_sweep_is_refused(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert "notes is not a sweep folder: it has no sweep.json" in (
        ganzoo_command("sweep", "notes").error
    )
    assert "there is no sweep folder nowhere" in ganzoo_command("sweep", "nowhere").error
    assert "which dataset? Write `ganzoo sweep DATASET ARC" in ganzoo_command("sweep").error


def test_a_dataset_or_a_path_is_enough_with_a_recipe(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").touch()
    arguments = ("--recipe", "dcgan-small", "seed=0,1", "--dry-run")
    for what in ("./pics", "blossoms"):
        done = ganzoo_command("sweep", what, *arguments)
        assert [row.split()[1] for row in done.out.splitlines()] == [
            "folder",
            "1-seed=0",
            "2-seed=1",
        ]


def test_a_path_is_enough_with_a_settings_file_or_settings(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").touch()
    (tmp_path / "rest.toml").write_text('architecture = "mlp"\nloss = "hinge"\n')
    for words in (["rest.toml"], ["architecture=mlp", "loss=hinge"], ["mlp", "hinge"]):
        done = ganzoo_command("sweep", "./pics", *words, "seed=0,1", "--dry-run")
        assert [row.split()[0] for row in done.out.splitlines()] == ["run", "1", "2"], done.error
        range_of = ["train.generator.lr=1e-5..1e-3", "--search", "random", "--dry-run"]
        done = ganzoo_command("sweep", "./pics", *words, *range_of)
        assert not done.status, done.error
    error = ganzoo_command("sweep", "./pics", "seed=0,1").error
    assert "which architecture? Write `ganzoo sweep DATASET ARCHITECTURE LOSS`" in error


@pytest.mark.parametrize("more", [["seed=3"], ["--steps", 5], ["--dry-run"], ["--recipe", "a"]])
def test_a_resumed_sweep_refuses_changed_settings(
    tiny_sweep: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, more: list[object]
) -> None:
    tiny_sweep("--steps=1", "--seed=0")
    before = (tmp_path / "sweep" / "sweep.json").read_bytes()
    assert "sweep: a sweep resumes with its own settings" in (
        ganzoo_command("sweep", "sweep", *more).error
    )
    assert (tmp_path / "sweep" / "sweep.json").read_bytes() == before


@pytest.mark.parametrize("left", ["a run", "a folder", "nothing"])
def test_a_run_that_crashed_before_its_first_checkpoint_starts_again(
    tiny_sweep: Ganzoo,
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left: str,
) -> None:
    def crash(trainer: Trainer) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", crash)
        crashed = tiny_sweep()
    assert crashed.status == 130
    assert "resume with: ganzoo sweep sweep" in crashed.err
    run = tmp_path / "sweep" / "1-loss=hinge"
    assert (run / "run.toml").exists()
    if left != "a run":
        shutil.rmtree(run)
    if left == "a folder":
        run.mkdir()
    assert ganzoo_command("sweep", "sweep").status == 0
    ganzoo_command("train", "blossoms", "mlp", "hinge", "--run-dir", "plain", *TINY)
    assert equal(run, tmp_path / "plain")


def test_a_run_that_finished_before_a_crash_counts_as_finished(
    tiny_sweep: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_sweep()
    sweep = tmp_path / "sweep"
    for file in sweep.glob("trials/*/state.json"):
        file.unlink()
    assert states(sweep) == ["interrupted", "interrupted"]
    before = {p: p.stat().st_mtime_ns for p in sweep.glob("*-*/**/*")}
    assert ganzoo_command("sweep", "sweep").status == 0
    assert states(sweep) == ["finished", "finished"]
    assert {p: p.stat().st_mtime_ns for p in sweep.glob("*-*/**/*")} == before


def test_a_resumed_run_keeps_what_its_first_start_has_measured(
    tiny_sweep: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(trainer: Trainer) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", crash)
        tiny_sweep(losses="hinge")
    (settings,) = tmp_path.glob("sweep/1*/run.toml")
    assert "channels_last = true" in settings.read_text()
    other = settings.read_text().replace("channels_last = true", "channels_last = false")
    settings.write_text(other)  # as on a machine where it is slower
    assert ganzoo_command("sweep", "sweep").status == 0
    assert settings.read_text() == other


def test_three_names_are_not_taken_for_a_folder(tiny_sweep: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "blossoms").mkdir()
    (tmp_path / "blossoms" / "sweep.json").write_text('{"trials": []}')
    seeds = ",".join(map(str, range(200)))  # longer than any file's name may be
    assert tiny_sweep(f"seed={seeds}", "--dry-run").status == 0


# --- search --------------------------------------------------------------------------------------

SEARCH = (
    *("sweep", "blossoms", "mlp", "hinge,lsgan", "train.generator.lr=1e-4..1e-2", *TINY),
    *("--search", "tpe", "--trials", 5, "extractor=random", "evaluate.samples=8"),
)


def tried(sweep: Path) -> list[dict[str, str]]:
    return [trial.differs for trial in Sweep.open(sweep).trials]


def test_a_search_that_was_cut_off_tries_the_same_settings(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    whole = ganzoo_command(*SEARCH, "--sweep-dir", "whole")
    assert whole.status == 0, whole.err
    assert states(tmp_path / "whole") == ["finished"] * 5
    head, *rows, best = whole.out.splitlines()[1:]
    assert re.split(" {2,}", head)[-3:] == ["metric/kid", "best kid", "state"]
    lowest = min(Sweep.open(tmp_path / "whole").results(), key=lambda result: result.best or 9)
    assert best.startswith(f"best: run {lowest.number}, kid {lowest.best:.4g}: loss=")
    assert len(rows) == 5

    step, steps = Trainer.step, iter(range(100))

    def crash(trainer: Trainer) -> None:
        if next(steps) == 5:  # in the third run
            raise KeyboardInterrupt
        step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", crash)
        assert ganzoo_command(*SEARCH, "--sweep-dir", "cut").status == 130
    assert states(tmp_path / "cut") == ["finished", "finished", "interrupted"]
    resumed = ganzoo_command("sweep", "cut")
    assert resumed.status == 0, resumed.err
    assert resumed.out.splitlines()[-1] == best
    assert tried(tmp_path / "cut") == tried(tmp_path / "whole")

    assert ganzoo_command("sweep", "cut", "--trials", 6).status == 0
    assert states(tmp_path / "cut") == ["finished"] * 6
    compared = ganzoo_command("compare", "cut")
    assert {"loss", "lr"} <= {key.rpartition(".")[2] for key in compared.out.split()}


def test_the_space_of_a_search_is_shown_and_checked_before_anything_is_written(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    words = (*SEARCH, "--dry-run", "architecture.layers=1..3")
    rows = [re.split(" {2,}", row) for row in ganzoo_command(*words).out.splitlines()]
    assert rows == [
        ["setting", "values"],
        ["loss", "hinge or lsgan"],
        ["train.generator.lr", "0.0001 to 0.01, logarithmic"],
        ["architecture.layers", "whole numbers, 1 to 3"],
        ["runs", "5, chosen by tpe"],
        ["best", "kid, lowest"],
    ]
    plain = json.loads(ganzoo_command(*words, "--json").out)
    assert plain["search"]["space"]["loss"] == ["hinge", "lsgan"]
    for wrong in ("train.generator.betas=0..1", "train.discriminator.lr=-1..1", "seed=3..1"):
        assert wrong.split("=")[0] in ganzoo_command(*SEARCH, wrong).error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["train.generator.lr=1e-4..1e-2"], "is a range: write a list, or add --search tpe"),
        (["--trials", 5], "--trials is the number of runs of a search: add --search tpe"),
        (["seed=0,1", "--search", "grid"], "--search grid: leave out --search"),
    ],
)
def test_ranges_and_trials_need_a_search(
    tiny_sweep: Ganzoo, more: list[object], message: str
) -> None:
    assert message in tiny_sweep(*more).error


def test_only_a_search_gets_more_runs(tiny_sweep: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_sweep("--steps=1", losses="hinge")
    longer = ganzoo_command("sweep", "sweep", "--trials", 3)
    assert "sweep is not a search: remove --trials" in longer.error


def test_a_search_whose_runs_cannot_be_trained_stops(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    words = [word for word in SEARCH if word not in ("blossoms", "dataset.count=20")]
    done = ganzoo_command(
        *words[:1], "image-folder", *words[1:], "dataset.path=gone", "--sweep-dir", "sweep"
    )
    assert done.status == 1
    assert "3 runs in a row could not be trained, so this search stops" in done.err
    assert [state.split(":")[0] for state in states(tmp_path / "sweep")] == ["refused"] * 3

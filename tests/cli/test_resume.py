from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ganzoo


def test_a_run_resumes_to_more_steps(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    done = ganzoo_command("resume", "run", "--steps", 4)
    assert (done.status, done.out) == (0, "run\n")
    assert "step 4/4" in done.err
    assert (tmp_path / "run" / "checkpoints" / "step-0000004.pt").is_file()
    sessions = json.loads((tmp_path / "run" / "environment.json").read_text())["sessions"]
    assert len(sessions) == 2


def test_a_run_resumes_from_any_working_directory(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    (tmp_path / "pics").mkdir()
    for shade in range(8):
        Image.new("RGB", (16, 16), (shade * 30, 5, 9)).save(tmp_path / "pics" / f"{shade}.png")
    ganzoo_command(
        *("train", "image-folder", "mlp", "lsgan", "dataset.path=pics", "--resolution", 8),
        *("--steps", 1, "--batch-size", 4, "--run-dir", "run"),
    )
    (tmp_path / "pics").rename(tmp_path / "moved")
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    for command in ("resume elsewhere --steps 2", "evaluate elsewhere", "neighbors elsewhere"):
        words = command.split() + ["--out", "n.png"] * command.startswith("neighbors")
        refused = ganzoo_command(*words, "dataset.path=gone")
        assert refused.status == 2
        reported = f"if it has moved, run `ganzoo {' '.join(words)} dataset.path=NEW`"
        assert refused.error.endswith(reported)
    done = ganzoo_command("resume", "elsewhere", "--steps", 2, "dataset.path=moved")
    assert done.status == 0, done.err


def test_a_folder_that_is_not_a_run_is_refused(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert ganzoo_command("resume", "notes").error.endswith("it has no run.toml")
    assert "there is no run folder" in ganzoo_command("resume", "nowhere").error
    assert list((tmp_path / "notes").iterdir()) == []
    (tmp_path / "notes" / "run-001").mkdir()
    (tmp_path / "notes" / "run-001" / "run.toml").touch()
    assert "name a run in it, such as notes/run-001" in ganzoo_command("resume", "notes").error


def test_a_damaged_checkpoint_is_skipped_with_a_warning(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "checkpoint.every=1")
    newest = tmp_path / "run" / "checkpoints" / "step-0000002.pt"
    newest.write_bytes(newest.read_bytes()[:-1])
    done = ganzoo_command("resume", "run")
    assert done.status == 0
    assert "step-0000002.pt is damaged" in done.err
    assert "using step-0000001.pt instead; renamed to step-0000002.pt.corrupt" in done.err


@pytest.mark.filterwarnings("default:the checkpoint")
def test_only_damaged_checkpoints_are_an_error(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    path = tmp_path / "run" / "checkpoints" / "step-0000002.pt"
    path.write_bytes(b"")
    for command in (["resume", "run"], ["generate", "run", "--out", "new.png"]):
        done = ganzoo_command(*command)
        assert done.status == 2
        assert "no checkpoint is usable" in done.err.splitlines()[-1]
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("architecture.base_channels=4", "networks.generator does not fit the checkpoint"),
        ("data.resolution=16", "the run was trained on images of 8 x 8 x 3"),
        ("train.stepz=4", "no setting train.stepz; did you mean train.steps"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, change: str, message: str
) -> None:
    tiny_run()
    before = (tmp_path / "run" / "run.toml").read_text()
    assert message in ganzoo_command("resume", "run", change).err
    assert (tmp_path / "run" / "run.toml").read_text() == before


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_resume_uses_a_changed_learning_rate(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, player: str
) -> None:
    from ganzoo.training.checkpoint_file import read

    tiny_run()
    ganzoo_command("resume", "run", "--steps", 3, f"train.{player}.lr=1e-7")
    state = read(tmp_path / "run" / "checkpoints" / "step-0000003.pt")
    assert state["state"]["optimizers"][player]["optimizer"]["param_groups"][0]["lr"] == 1e-7


def test_resume_refuses_a_different_optimizer(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    before = (tmp_path / "run" / "run.toml").read_text()
    done = ganzoo_command("resume", "run", "--steps", 3, "train.generator.optimizer=sgd")
    assert done.status == 2
    assert "the state of another optimizer" in done.err
    assert (tmp_path / "run" / "run.toml").read_text() == before


@pytest.mark.parametrize("change", ["--steps=1", "seed=9", "loss=lsgan"])
def test_resuming_a_finished_run_changes_nothing(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path, change: str
) -> None:
    tiny_run()
    before = (tmp_path / "run" / "run.toml").read_text()
    done = ganzoo_command("resume", "run", change)
    assert (done.status, done.out) == (0, "run\n")
    assert "all 2 steps are done: --steps N trains up to step N" in done.err
    assert (tmp_path / "run" / "run.toml").read_text() == before


def test_an_augmentation_can_be_removed_or_changed(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    import tomllib

    tiny_run("run", "--augment", "flip", "--augment", "classic-augment/rotate")
    changes = ("augment.flip=false", "augment.rotate.degrees=3")
    assert ganzoo_command("resume", "run", "--steps", 3, *changes).status == 0
    kept = tomllib.loads((tmp_path / "run" / "run.toml").read_text())["augment"]
    assert kept["flip"] is False
    assert kept["rotate"]["degrees"] == 3.0


def test_resume_warns_about_a_changed_dataset(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "pics").mkdir()
    for shade in range(9):
        Image.new("RGB", (16, 16), (shade * 30, 5, 9)).save(tmp_path / "pics" / f"{shade}.png")
        if shade == 7:
            ganzoo_command(
                *("train", "image-folder", "mlp", "lsgan", "dataset.path=pics", "--run-dir", "run"),
                *("--resolution", 8, "--steps", 1, "--batch-size", 4),
            )
    done = ganzoo_command("resume", "run", "--steps", 2)
    assert "images 8 (" in done.err
    assert "-> 9 (" in done.err


def test_a_damaged_environment_file_does_not_stop_a_run(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    import shutil

    tiny_run()
    (tmp_path / "run" / "environment.json").write_text('{"sessions": [5')
    (tmp_path / "run" / "metrics.jsonl").write_text("not json\n")
    shutil.rmtree(tmp_path / "run" / "samples")
    assert ganzoo_command("resume", "run", "--steps", 3).status == 0
    assert (tmp_path / "run" / "samples" / "step-0000003.png").is_file()


def test_resume_warns_about_a_different_number_of_threads(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    path = tmp_path / "run" / "environment.json"
    path.write_text(path.read_text().replace('"threads": 1', '"threads": 64'))
    done = ganzoo_command("resume", "run", "--steps", 3)
    assert "not exact to the bit, because these changed: threads 64 -> 1" in done.err


def test_changed_settings_are_printed_and_stored(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "--augment", "flip")
    done = ganzoo_command("resume", "run", "--steps", 3, "train.generator.lr=0.1")
    assert "settings that changed since the last start: " in done.err
    assert "train.steps 2 -> 3, train.generator.lr 0.0002 -> 0.1" in done.err
    sessions = json.loads((tmp_path / "run" / "environment.json").read_text())["sessions"]
    assert sessions[1]["changed"] == {"train.steps": [2, 3], "train.generator.lr": [0.0002, 0.1]}
    assert "changed" not in ganzoo_command("resume", "run", "--device", "cpu").err

"""Commands overwrite files only with --force, and never files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganzoo.cli.commands import COMMANDS
from ganzoo.plugin_commands import command_of
from ganzoo.registry import Registry
from tests.cli.conftest import Ganzoo

SMALL = ("dataset.count=4", "data.resolution=8")
WRITING = {
    "generate": (("generate", "run", "--count", 2), "new.png"),
    "each class": (("generate", "run", "--each-class", "--count", 1), "new.png"),
    "animate": (("animate", "run"), "new.gif"),
    "report": (("report", "run", "--no-dataset"), "new.html"),
    "neighbors": (("neighbors", "run", "--by", "pixels", "--count", 1), "new.png"),
    "project": (("project", "run", "run/samples/real.png", "--steps", 1), "new.png"),
    "inspect": (("data", "inspect", "blossoms", *SMALL), "new.png"),
    "pack": (("data", "pack", "blossoms", *SMALL), "new.h5"),
}


@pytest.fixture
def trained(tiny_run: Ganzoo) -> None:
    tiny_run("run", "data.conditional=true")


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", WRITING)
def test_a_file_is_overwritten_only_with_force(
    ganzoo_command: Ganzoo, tmp_path: Path, command: str
) -> None:
    words, name = WRITING[command]
    there = tmp_path / name
    there.write_text("mine")
    refused = ganzoo_command(*words, "--out", name).error
    assert (
        f"{name} exists already: name another with --out, or overwrite it with --force" in refused
    )
    assert there.read_text() == "mine"
    done = ganzoo_command(*words, "--out", name, "--force")
    assert done.status == 0, done.err
    assert not there.read_bytes().startswith(b"mine")
    if command != "generate":  # a folder means one file per image there
        there.unlink()
        there.mkdir()
        (there / "mine").touch()
        assert name in ganzoo_command(*words, "--out", name, "--force").error
        assert (there / "mine").exists()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", [name for name, (_, out) in WRITING.items() if "png" in out])
def test_force_does_not_overwrite_files_of_a_run(
    ganzoo_command: Ganzoo, tmp_path: Path, command: str
) -> None:
    sheet = tmp_path / "run" / "samples" / "real.png"
    before = sheet.read_bytes()
    words, _ = WRITING[command]
    refused = ganzoo_command(*words, "--out", "run/samples/real.png", "--force").error
    assert "run/samples/real.png belongs to the run" in refused
    assert sheet.read_bytes() == before


def test_every_command_with_out_has_force() -> None:
    commands = {each.name: command_of(each) for each in COMMANDS}
    for entry in Registry.discover().entries("command"):
        spec: Any = entry.component
        commands[spec.name] = command_of(spec)
    writing = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
    }
    lacking = [name for name, has in writing.items() if "--out" in has and "--force" not in has]
    # new and pull refuse a folder that is there; data fetch resumes with the files that are there.
    assert lacking == ["new", "data fetch", "pull"]
    assert "--force" not in writing["train"] | writing["sweep"] | writing["resume"]


@pytest.mark.usefixtures("trained")
def test_a_slash_or_an_existing_folder_means_a_folder(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "v1.5").mkdir()
    for out in ("psi0.7/", "v1.5", "images.png/", "psi0.8"):
        done = ganzoo_command("generate", "run", "--count", 2, "--out", out)
        assert (done.status, done.out) == (0, f"{out.rstrip('/')}\n")
        assert len(list((tmp_path / out).glob("*.png"))) == 2
    unclear = ganzoo_command("generate", "run", "--out", "v1.beta").error
    assert "the name of a folder ends in a slash" in unclear
    assert ganzoo_command("data", "pack", "blossoms", *SMALL, "--out", "pack.v2/").status == 0
    assert len(list((tmp_path / "pack.v2").rglob("*.png"))) == 4
    for words, name in WRITING.values():
        if words[:2] not in (("generate", "run"), ("data", "pack")):
            assert f"{name}/" in ganzoo_command(*words, "--out", f"{name}/").error
            assert not (tmp_path / name).exists()


@pytest.mark.usefixtures("trained")
def test_force_writes_into_a_folder_that_is_not_empty(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    for out in ("new", "new"):
        done = ganzoo_command("generate", "run", "--count", 2, "--out", out, "--force")
        assert done.status == 0, done.err
    (tmp_path / "new" / "mine").touch()
    assert ganzoo_command("generate", "run", "--count", 2, "--out", "new", "--force").status == 0
    assert (tmp_path / "new" / "mine").exists()


def test_force_replaces_an_earlier_pack_and_no_other_folder(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    pack = ("data", "pack", "blossoms", "data.resolution=8", "--out", "new")
    ganzoo_command(*pack, "dataset.count=4")
    assert ganzoo_command(*pack, "dataset.count=2", "--force").status == 0
    assert len(list((tmp_path / "new").rglob("*.png"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    (tmp_path / "new" / "mine").touch()
    refused = ganzoo_command(*pack, "dataset.count=4", "--force").error
    assert "contains other files than an earlier pack" in refused
    assert len(list((tmp_path / "new").rglob("*.png"))) == 2

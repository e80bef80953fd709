from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Ganzoo

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-plugin.md"


def test_new_prints_what_it_wrote_and_what_comes_next(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = ganzoo_command("new", "my-loss", "--kind", "loss")
    assert done.status == 0, done.err
    head, *lines = done.out.splitlines()
    assert head == "wrote ganzoo-my-loss:"
    files, commands = lines[: lines.index("next:")], lines[lines.index("next:") + 1 :]
    written = {p for p in (tmp_path / "ganzoo-my-loss").rglob("*") if p.is_file()}
    assert {tmp_path / "ganzoo-my-loss" / file.strip() for file in files} == written
    assert commands == [
        "  cd ganzoo-my-loss",
        "  pip install -e . pytest",
        "  pytest",
        "  ganzoo train blossoms mlp my-loss --steps 200",
    ]
    assert f"```text\n{done.out}```" in PAGE.read_text("utf-8")


def test_out_and_author_are_used(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    out = tmp_path / "a folder"
    done = ganzoo_command("new", "x", "--kind", "metric", "--out", out, "--author", "Ada L.")
    assert f"  cd '{out}'" in done.out.splitlines()
    assert "Ada L." in (out / "LICENSE").read_text()


def test_the_author_is_one_line_of_text(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ganzoo_command("new", "x", "--kind", "loss", "--out", "a", "--author", "Ada\n L.\x7f")
    settings = tmp_path / "of-git"
    settings.write_bytes(b"[user]\n name = J\xf6rg\n")  # Latin-1
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert ganzoo_command("new", "x", "--kind", "loss", "--out", "b").status == 0
    for folder, author in (("a", "Ada L."), ("b", "Jrg")):
        project = tomllib.loads((tmp_path / folder / "pyproject.toml").read_text("utf-8"))
        assert project["project"]["authors"] == [{"name": author}]


def test_without_git_the_author_is_unknown(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert ganzoo_command("new", "x", "--kind", "loss").status == 0
    assert "the authors of ganzoo-x" in (tmp_path / "ganzoo-x" / "LICENSE").read_text()


def test_a_folder_with_files_is_refused(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    (tmp_path / "ganzoo-x").mkdir()
    (tmp_path / "ganzoo-x" / "mine").touch()
    assert ganzoo_command("new", "x", "--kind", "loss").error == (
        "error: ganzoo-x exists already and is not empty: name another with --out"
    )


def test_a_command_of_ganzoo_cannot_be_the_name_of_another(ganzoo_command: Ganzoo) -> None:
    error = ganzoo_command("new", "train", "--kind", "command").error
    assert (
        error == "error: the command train is installed already: choose another, such as my-train"
    )
    assert ganzoo_command("new", "train", "--kind", "loss").status == 0

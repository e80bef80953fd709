from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.user_path import user_path
from tests.cli.conftest import Ganzoo, ganzoo_command

__all__ = ["ganzoo_command"]


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the user's home folder, which is not the folder of the program."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    (home / "taken").write_text("this is no TOML")
    return home / "taken"


def test_the_home_folder_of_nobody_is_refused() -> None:
    assert user_path("a/~/b") == Path("a/~/b")
    with pytest.raises(ganzoo.RequestError, match="no home folder for ~nobody-of-this-name/x"):
        user_path("~nobody-of-this-name/x")


NAMES = ("blossoms", "dcgan", "hinge")


@pytest.mark.parametrize(
    "call",
    [
        lambda path: ganzoo.train(*NAMES, run_dir=path),
        lambda path: ganzoo.train("blossoms", budget="1m", run_dir=path),
        lambda path: ganzoo.train(*NAMES, settings=path),
        lambda path: ganzoo.sweep(*NAMES, sweep_dir=path),
        lambda path: ganzoo.resume(path),
        lambda path: ganzoo.load(path),
        lambda path: ganzoo.evaluate(path),
        lambda path: ganzoo.compare([path]),
        lambda path: ganzoo.report([path], path),
    ],
)
@pytest.mark.parametrize("kind", [str, Path])
def test_paths_of_a_program_begin_with_the_home_folder(
    taken: Path, call: Callable[[Any], object], kind: type
) -> None:
    with pytest.raises(ganzoo.RequestError, match=re.escape(str(taken))):
        call(kind("~/taken"))


def test_paths_of_options_and_arguments_begin_with_the_home_folder(
    taken: Path, ganzoo_command: Ganzoo
) -> None:
    for words in (
        ("train", *NAMES, "--run-dir=~/taken"),
        ("train", *NAMES, "--run-dir", "~/taken"),
        ("generate", "~/taken", "--out", "x.png"),
        ("generate", "run", "--out=~/taken"),
        ("train", "~/taken.toml"),
    ):
        done = ganzoo_command(*words)
        assert done.status == 2, words
        assert str(taken) in done.err, words

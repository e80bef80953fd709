"""New plugins of all kinds in a fresh environment, as an author uses them: ``nox -s new``.

It takes a minute or more, so pytest does not collect it by itself.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from ganzoo.new_plugin.package import KINDS, NewPlugin
from tests.environments import new_python

pytestmark = pytest.mark.timeout(600)


class Author(NamedTuple):
    """An environment that has ganzoo, and the folder in which its user works."""

    python: Path
    folder: Path
    commands: Mapping[str, list[str]]
    """The commands that ``ganzoo new`` printed, without the first word, by kind."""

    def run(self, *arguments: str | Path, **variables: str) -> str:
        """What a module of the environment prints."""
        done = subprocess.run(
            [self.python, "-m", *arguments],
            cwd=self.folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def packages(self) -> list[Path]:
        """The folders of the new plugins."""
        return sorted(self.folder.glob("ganzoo-new-*"))


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """New plugins of all kinds, installed."""
    python = new_python(tmp_path_factory.mktemp("environment"))
    made = Author(python, tmp_path_factory.mktemp("work"), {})
    commands: dict[str, list[str]] = {}
    for kind in KINDS:
        printed = made.run("ganzoo", "new", f"new-{kind}", "--kind", kind).splitlines()
        commands[kind] = shlex.split(printed[-1])[1:]
    editable = [word for package in made.packages for word in ("-e", str(package))]
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    made.run("pip", "install", *offline, *editable)
    return made._replace(commands=commands)


def test_all_kinds_are_listed_and_none_imports_torch(author: Author) -> None:
    plugins = {each["name"]: each for each in json.loads(author.run("ganzoo", "plugins", "--json"))}
    ours = [plugins[package.name.removeprefix("ganzoo-")] for package in author.packages]
    assert len(ours) == len(KINDS)
    assert {each["status"] for each in ours} == {"ok"}
    assert {each["version"] for each in ours} == {"0.1.0"}
    listed = author.run("ganzoo", "list")
    for package in author.packages:
        assert f"  {package.name.removeprefix('ganzoo-')} " in listed
    code = "import sys; from ganzoo.registry import Registry; Registry.discover()"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([author.python, "-c", code], check=True, cwd=author.folder)


@pytest.mark.parametrize("kind", KINDS)
def test_the_printed_command_trains_two_steps(kind: str, author: Author) -> None:
    command = [word.replace("200", "2") for word in author.commands[kind]]
    if kind != "command":
        tiny = ("dataset.count=20",) if kind != "dataset" else ()
        run = author.folder / "runs" / kind
        more = ("--batch-size", "4", "--resolution", "16", "--device", "cpu", "evaluate.samples=8")
        command += [*tiny, *more, "--run-dir", str(run)]
        author.run("ganzoo", *command, GANZOO_CACHE=str(author.folder / "cache"))
        assert (run / "checkpoints" / "step-0000002.pt").is_file()
    else:
        assert "Print the mean of each loss" in author.run("ganzoo", *command)


def test_the_tests_of_all_new_plugins_pass(author: Author) -> None:
    arguments = ("--import-mode=importlib", "-q", "-p", "no:cacheprovider", "-W", "error")
    author.run("pytest", *arguments, *author.packages)


def test_the_type_checker_finds_nothing(author: Author) -> None:
    author.run("mypy", "--strict", *author.packages)


def test_the_linter_finds_nothing_whatever_the_length_of_the_name(
    author: Author, tmp_path: Path
) -> None:
    for kind in KINDS:
        for name in ("z", "a-" + "z" * 22):
            NewPlugin.of(name, kind, "Ada").write(tmp_path / f"{kind}-{name}")
    author.run("ruff", "check", "--no-cache", tmp_path)
    author.run("ruff", "format", "--no-cache", "--check", tmp_path)

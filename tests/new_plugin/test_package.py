from __future__ import annotations

import ast
import importlib
import os
import tomllib
from datetime import date
from pathlib import Path

import pytest

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.new_plugin.package import KINDS, NewPlugin
from ganzoo.options import Options
from ganzoo.registry import KINDS as KINDS_OF_COMPONENTS
from ganzoo.registry import Plugin, Registry
from ganzoo.testing import check_plugin


def test_there_is_a_template_for_each_kind_of_component() -> None:
    assert set(KINDS) == {*KINDS_OF_COMPONENTS, "method"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_of_each_kind_passes_the_checks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    NewPlugin.of(f"new-{kind}", kind, "A").write(tmp_path / "new")
    monkeypatch.syspath_prepend(tmp_path / "new")
    module = importlib.import_module(f"ganzoo_new_{kind}")
    check_plugin(module)
    registry = Registry()
    registry.register(module, Plugin(f"new-{kind}", "", ""))
    (entry,) = registry.entries("loss" if kind == "method" else kind)
    assert entry.component.name == f"new-{kind}"
    assert (entry.component.options is Options) == (kind in ("recipe", "command"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_complete(kind: str) -> None:
    files = NewPlugin.of("some-name", kind, "Ada").files
    assert {
        *("pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/tests.yml"),
        *("ganzoo_some_name/__init__.py", "tests/test_ganzoo_some_name.py"),
    } < files.keys()
    for path, text in files.items():
        assert text.rstrip() + "\n" == text, path
        assert not any(line != line.rstrip() for line in text.splitlines()), path
        assert "$" not in text.replace("${{ matrix.python }}", ""), path
        if path.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("kind", KINDS)
def test_code_imports_only_public_names_and_no_torch_to_declare(kind: str) -> None:
    for path, text in NewPlugin.of("some-name", kind, "Ada").files.items():
        if path.endswith(".py"):
            imports = [
                each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.ImportFrom)
            ]
            names = {
                alias.name for each in imports if each.module == "ganzoo" for alias in each.names
            }
            assert names <= set(ganzoo.__all__)
            if path.endswith("__init__.py"):
                assert "torch" not in text.split()


def test_the_project_file_names_everything() -> None:
    files = NewPlugin.of("some-name", "loss", 'Ada "L" Ünlü').files
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["name"] == "ganzoo-some-name"
    assert project["entry-points"]["ganzoo"] == {"some-name": "ganzoo_some_name"}
    assert project["authors"] == [{"name": 'Ada "L" Ünlü'}]
    assert f"Copyright (c) {date.today().year} Ada" in files["LICENSE"]
    assert "class SomeNameLoss:" in files["ganzoo_some_name/losses.py"]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(RequestError, match="no kind lss; did you mean loss"):
        NewPlugin.of("some-name", "lss", "Ada")


def test_a_folder_that_has_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="is not empty"):
        NewPlugin.of("some-name", "loss", "Ada").write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_stays_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    before = (tmp_path / "new").stat().st_ino
    NewPlugin.of("some-name", "loss", "Ada").write(tmp_path / "new")
    assert (tmp_path / "new").stat().st_ino == before
    assert (tmp_path / "new" / "pyproject.toml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_after_an_error_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **more: object) -> None:
        raise OSError(28, os.strerror(28))

    plugin = NewPlugin.of("some-name", "loss", "Ada")
    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(RequestError, match="new: No space left on device"):
        plugin.write(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []

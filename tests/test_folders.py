from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo import RequestError, cache_folder
from ganzoo.folders import (
    PARTIAL_NAME,
    RunFolder,
    ending,
    is_export,
    partial_path,
    write_atomically,
)
from ganzoo.overwriting import check_no_input, require_folder


def test_the_cache_folder_is_set_by_an_environment_variable(own_cache: Path) -> None:
    assert cache_folder("a", "b") == own_cache / "a" / "b"
    assert (own_cache / "a" / "b").is_dir()


def test_an_existing_folder_is_refused_for_a_new_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").touch()
    with pytest.raises(RequestError, match="exists already: name another folder with --run-dir"):
        RunFolder.create(tmp_path / "run", {})
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]
    RunFolder.create(tmp_path / "other", {"seed": 3})
    with pytest.raises(RequestError, match="exists already: resume it with `ganzoo resume"):
        RunFolder.create(tmp_path / "other", {})


def test_an_empty_folder_becomes_the_folder_of_a_new_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    folder = RunFolder.create(tmp_path / "link", {"seed": 3})
    assert (
        folder.stored_settings() == RunFolder(tmp_path / "empty").stored_settings() == {"seed": 3}
    )
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "link"]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RequestError, match="is the working folder: name a new folder in it"):
        RunFolder.create(Path(), {})
    (tmp_path / "runs" / "a-001").mkdir(parents=True)
    assert RunFolder.create_numbered(tmp_path / "runs", "a", {}).path.name == "a-002"


def test_an_empty_folder_that_cannot_be_replaced_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))  # as for a mounted drive

    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(RequestError, match=r"cannot create the run folder .*empty: .*busy"):
        RunFolder.create(tmp_path / "empty", {})
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_run_folders_are_numbered(tmp_path: Path) -> None:
    made = [RunFolder.create_numbered(tmp_path / "runs", "a-b-c", {"seed": 3}) for _ in range(3)]
    names = [folder.path.name for folder in made]
    assert names == ["a-b-c-001", "a-b-c-002", "a-b-c-003"]
    assert [folder.stored_settings() for folder in made] == [{"seed": 3}] * 3
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == names


def test_a_folder_that_is_not_a_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"it has no run\.toml"):
        RunFolder.open(tmp_path)
    with pytest.raises(RequestError, match="nowhere; a run prints its folder"):
        RunFolder.open(tmp_path / "nowhere")


def test_a_run_folder_that_does_not_exist_is_refused_with_one_of_a_similar_name(
    tmp_path: Path,
) -> None:
    RunFolder.create(tmp_path / "flowers-001", {})
    with pytest.raises(RequestError, match=r"flowers-002; did you mean flowers-001\?"):
        RunFolder.open(tmp_path / "flowers-002")
    # That both are in one folder does not make their names similar.
    with pytest.raises(RequestError, match="tulips; a run prints its folder"):
        RunFolder.open(tmp_path / "tulips")


def test_a_run_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot create the run folder"):
        RunFolder.create(tmp_path / "file" / "run", {})


@pytest.mark.parametrize("create", [RunFolder.create, RunFolder.create_numbered])
def test_a_folder_below_a_link_to_a_missing_drive_is_refused(
    tmp_path: Path, create: Callable[..., RunFolder]
) -> None:
    (tmp_path / "runs").symlink_to(tmp_path / "drive")
    path = tmp_path / "runs" / "run"
    arguments = [path] if create == RunFolder.create else [path.parent, "run"]
    with pytest.raises(RequestError, match="cannot create the run folder"):
        create(*arguments, {})
    with pytest.raises(RequestError, match="runs is a link to a folder that does not exist: use"):
        require_folder(path.parent, "use")


def test_of_two_runs_in_one_folder_the_second_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_first(self: RunFolder, tree: object) -> None:
        monkeypatch.undo()
        RunFolder.create(tmp_path / "run", {"seed": 1})

    monkeypatch.setattr(RunFolder, "write_settings", come_first)
    with pytest.raises(RequestError, match="run exists already: resume it with"):
        RunFolder.create(tmp_path / "run", {"seed": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert RunFolder(tmp_path / "run").stored_settings() == {"seed": 1}


def test_sessions_are_appended(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    assert folder.sessions() == []
    folder.add_session({"torch": "1"})
    folder.add_session({"torch": "2"})
    assert folder.sessions() == [{"torch": "1"}, {"torch": "2"}]


def test_the_ending_of_an_export_may_have_large_letters() -> None:
    assert is_export(Path("A.SafeTensors"))
    assert not is_export(Path("a.onnx"))


def test_a_file_that_is_read_is_not_written(tmp_path: Path) -> None:
    check_no_input(tmp_path / "b", [tmp_path / "a"])
    with pytest.raises(RequestError, match="a is also what is read: name another with --video"):
        check_no_input(tmp_path / "new" / ".." / "a", [tmp_path / "a"], "--video")


def test_writing_atomically_leaves_no_other_files(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "one")
    write_atomically(tmp_path / "a.txt", "two")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "two"}


@pytest.mark.parametrize("name", ["x" * 255, "花" * 85])
def test_a_file_with_the_longest_name_is_written_atomically(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, "content")
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert PARTIAL_NAME.fullmatch(partial_path(tmp_path / name).name)


def test_a_number_at_the_end_of_a_name_is_not_a_suffix() -> None:
    found = [ending(Path(name)) for name in ("a.PNG", "2024.10", "v1.0.tar", "1.0/x", ".hidden")]
    assert found == [".png", "", ".tar", "", ""]


def test_an_exported_generator_has_its_suffix_in_any_case(tmp_path: Path) -> None:
    assert is_export(tmp_path / "a.safetensors")
    assert is_export(tmp_path / "a.SafeTensors")
    (tmp_path / "b.safetensors").mkdir()
    assert not is_export(tmp_path / "b.safetensors")
    assert not is_export(tmp_path / "a.pt")

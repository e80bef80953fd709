from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from filelock import FileLock

from ganzoo import RequestError, ownership
from ganzoo.ownership import PATIENCE, InUse, LostOwnership, owned


def no_message(message: str) -> None:
    raise AssertionError(message)


def hold(folder: Path, held: Event, done: Event) -> None:
    with owned(folder, no_message):
        held.set()
        done.wait(60)


def test_a_second_process_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, done = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path, held, done))
    first.start()
    assert held.wait(60)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    message = rf"is in use by process {first.pid} on .*, last heartbeat 0 s ago"
    with pytest.raises(RequestError, match=message), owned(tmp_path, no_message):
        pass
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    done.set()
    first.join()
    assert first.exitcode == 0
    with owned(tmp_path, no_message):
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()
    assert not (tmp_path / "owner.json").exists()


def test_an_owner_that_ends_while_its_file_is_read_is_named_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileLock(tmp_path / ".lock"):
        monkeypatch.setattr(Path, "exists", lambda path: True)  # and it is removed at once
        with pytest.raises(InUse, match="is in use by another process"):
            owned(tmp_path, no_message).__enter__()


def test_the_folder_of_a_killed_owner_is_taken_over_with_a_message(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, done = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path, held, done))
    first.start()
    assert held.wait(60)
    first.kill()
    first.join()
    messages: list[str] = []
    with owned(tmp_path, messages.append):
        pass
    (line,) = messages
    assert f"process {first.pid} on {platform.node()}" in line
    assert "did not release" in line


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[[float], None]:
    """An owner on another machine, ``age`` seconds after its last heartbeat."""

    def owner(age: float) -> None:
        file = tmp_path / "owner.json"
        file.write_text(json.dumps({"host": "elsewhere", "process": 5, "token": "x", "since": "?"}))
        os.utime(file, (time.time() - age,) * 2)

    return owner


def test_an_owner_on_another_machine_is_alive_until_its_heartbeat_is_too_old(
    tmp_path: Path, elsewhere: Callable[[float], None]
) -> None:
    elsewhere(PATIENCE - 30)
    refused = pytest.raises(RequestError, match="in use by process 5 on elsewhere")
    with refused, owned(tmp_path, no_message):
        pass
    elsewhere(PATIENCE + 1)
    messages: list[str] = []
    with owned(tmp_path, messages.append):
        assert len(messages) == 1


def test_an_owner_that_lost_its_folder_raises_an_error(
    tmp_path: Path, elsewhere: Callable[[float], None]
) -> None:
    with owned(tmp_path, no_message) as owner:
        owner.check()
        elsewhere(0)
        with pytest.raises(LostOwnership, match="taken over by process 5 on elsewhere"):
            owner.check()
    assert json.loads((tmp_path / "owner.json").read_text())["host"] == "elsewhere"


def test_the_owner_updates_its_heartbeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", 0.01)
    with owned(tmp_path, no_message):
        file = tmp_path / "owner.json"
        os.utime(file, (0, 0))
        for _ in range(500):
            if file.stat().st_mtime:
                return
            time.sleep(0.01)
    raise AssertionError("no heartbeat")


def test_without_file_locks_a_second_owner_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", unknown)
    with owned(tmp_path, no_message):
        refused = pytest.raises(RequestError, match="in use by process")
        with refused, owned(tmp_path, no_message):
            pass


@pytest.mark.parametrize("junk", ["[" * 9, "5", '{"host": 5}', "", '"text"'])
def test_a_damaged_owner_file_is_ignored(tmp_path: Path, junk: str) -> None:
    (tmp_path / "owner.json").write_text(junk)
    os.utime(tmp_path / "owner.json", (0, 0))
    with owned(tmp_path, lambda message: None) as owner:
        owner.check()
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()


def test_a_removed_owner_file_is_written_again(tmp_path: Path) -> None:
    with owned(tmp_path, no_message) as owner:
        (tmp_path / "owner.json").unlink()
        owner.check()
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()


def test_an_owner_that_lost_its_folder_does_not_update_the_heartbeat_of_another(
    tmp_path: Path, elsewhere: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", 0.01)
    with owned(tmp_path, no_message):
        elsewhere(1000)
        time.sleep(0.2)
        assert time.time() - (tmp_path / "owner.json").stat().st_mtime > 900


def test_the_folder_of_a_killed_container_of_this_machine_is_taken_over_immediately(
    tmp_path: Path,
) -> None:
    about = {"host": "pod-5", "machine": ownership._machine(), "process": 1, "token": "x"}
    (tmp_path / "owner.json").write_text(json.dumps(about))
    messages: list[str] = []
    with owned(tmp_path, messages.append):
        assert len(messages) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_the_files_of_a_group_can_be_written_by_the_group(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        with owned(tmp_path, no_message):
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {".lock": 0o664, "owner.json": 0o664}


def test_a_path_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    refused = pytest.raises(RequestError, match=f"cannot write into {file}")
    with refused, owned(file, no_message):
        pass

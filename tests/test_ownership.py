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

from ganzoo import RequestError, ownership
from ganzoo.ownership import PATIENCE, LostOwnership, owned


def silent(message: str) -> None:
    raise AssertionError(message)


def hold(folder: Path, held: Event, over: Event) -> None:
    with owned(folder, silent):
        held.set()
        over.wait(60)


def test_a_second_process_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, over = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path, held, over))
    first.start()
    assert held.wait(60)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    named = rf"is in use by process {first.pid} on .*, last sign of life 0 s ago"
    with pytest.raises(RequestError, match=named), owned(tmp_path, silent):
        pass
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    over.set()
    first.join()
    assert first.exitcode == 0
    with owned(tmp_path, silent):
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()
    assert not (tmp_path / "owner.json").exists()


def test_a_killed_owner_is_followed_and_named(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, over = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path, held, over))
    first.start()
    assert held.wait(60)
    first.kill()
    first.join()
    told: list[str] = []
    with owned(tmp_path, told.append):
        pass
    (line,) = told
    assert f"process {first.pid} on {platform.node()}" in line
    assert "without a word" in line


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[[float], None]:
    """An owner on another machine, so many seconds after its last sign of life."""

    def owner(age: float) -> None:
        file = tmp_path / "owner.json"
        file.write_text(json.dumps({"host": "elsewhere", "process": 5, "token": "x", "since": "?"}))
        os.utime(file, (time.time() - age,) * 2)

    return owner


def test_an_owner_on_another_machine_is_judged_by_its_signs_of_life(
    tmp_path: Path, elsewhere: Callable[[float], None]
) -> None:
    elsewhere(PATIENCE - 30)
    refused = pytest.raises(RequestError, match="in use by process 5 on elsewhere")
    with refused, owned(tmp_path, silent):
        pass
    elsewhere(PATIENCE + 1)
    told: list[str] = []
    with owned(tmp_path, told.append):
        assert len(told) == 1


def test_who_has_lost_it_notices(tmp_path: Path, elsewhere: Callable[[float], None]) -> None:
    with owned(tmp_path, silent) as owner:
        owner.check()
        elsewhere(0)
        with pytest.raises(LostOwnership, match="taken over by process 5 on elsewhere"):
            owner.check()
    assert json.loads((tmp_path / "owner.json").read_text())["host"] == "elsewhere"


def test_it_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", 0.01)
    with owned(tmp_path, silent):
        file = tmp_path / "owner.json"
        os.utime(file, (0, 0))
        for _ in range(500):
            if file.stat().st_mtime:
                return
            time.sleep(0.01)
    raise AssertionError("no sign of life")


def test_where_the_drive_knows_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", unknown)
    with owned(tmp_path, silent):
        refused = pytest.raises(RequestError, match="in use by process")
        with refused, owned(tmp_path, silent):
            pass


@pytest.mark.parametrize("junk", ["[" * 9, "5", '{"host": 5}', "", '"text"'])
def test_damaged_notes_of_an_owner_do_not_matter(tmp_path: Path, junk: str) -> None:
    (tmp_path / "owner.json").write_text(junk)
    os.utime(tmp_path / "owner.json", (0, 0))
    with owned(tmp_path, lambda message: None) as owner:
        owner.check()
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()


def test_a_note_that_somebody_removed_is_written_again(tmp_path: Path) -> None:
    with owned(tmp_path, silent) as owner:
        (tmp_path / "owner.json").unlink()
        owner.check()
        assert json.loads((tmp_path / "owner.json").read_text())["process"] == os.getpid()


def test_one_that_lost_it_keeps_no_other_alive(
    tmp_path: Path, elsewhere: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "HEARTBEAT", 0.01)
    with owned(tmp_path, silent):
        elsewhere(1000)
        time.sleep(0.2)
        assert time.time() - (tmp_path / "owner.json").stat().st_mtime > 900


def test_a_container_of_this_machine_that_was_killed_is_followed_at_once(tmp_path: Path) -> None:
    about = {"host": "pod-5", "machine": ownership._machine(), "process": 1, "token": "x"}
    (tmp_path / "owner.json").write_text(json.dumps(about))
    told: list[str] = []
    with owned(tmp_path, told.append):
        assert len(told) == 1


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    refused = pytest.raises(RequestError, match=f"nothing may be written into {file}")
    with refused, owned(file, silent):
        pass

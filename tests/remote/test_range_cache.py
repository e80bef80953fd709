from __future__ import annotations

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from ganzoo.remote.range_cache import RangeCache

SIZE = 1000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    return tmp_path / "remote"


def kept(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.range")}


def content(key: str) -> bytes:
    return key.encode() * (SIZE // len(key))


def test_the_least_recently_used_ranges_are_deleted(folder: Path) -> None:
    cache = RangeCache(20 * SIZE)
    for number in range(60):
        cache.get(f"{number:04}", partial(content, f"{number:04}"))
        os.utime(folder / f"{number:04}.range", (number, number))
        if number % 5 == 0:  # it is used again and again
            cache.get("0000", lambda: b"downloaded again")
            os.utime(folder / "0000.range", (number + 0.5, number + 0.5))
        assert sum(path.stat().st_size for path in folder.glob("*.range")) <= 20 * (SIZE + 32)
    assert {"0000", "0059", "0050"} <= kept(folder)
    assert not {"0001", "0030"} & kept(folder)
    assert cache.get("0000", lambda: b"") == content("0000")


def test_the_ranges_of_another_user_are_used_and_others_are_downloaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RangeCache(20 * SIZE).get("a", lambda: b"kept")

    def refuse(*arguments: object, **more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert RangeCache(20 * SIZE).get("a", lambda: b"downloaded") == b"kept"
    assert RangeCache(20 * SIZE).get("b", lambda: b"downloaded") == b"downloaded"
    assert kept(folder) == {"a"}


def test_a_damaged_range_is_downloaded_again(folder: Path) -> None:
    cache = RangeCache(20 * SIZE)
    cache.get("a", lambda: b"right")
    path = folder / "a.range"
    for damaged in (b"", path.read_bytes()[:-1], path.read_bytes()[:-1] + b"x"):
        path.write_bytes(damaged)
        assert cache.get("a", lambda: b"right") == b"right"
        assert cache.get("a", lambda: b"wrong") == b"right"


def test_several_processes_or_threads_download_a_range_once() -> None:
    downloads = []

    def download() -> bytes:
        downloads.append(threading.current_thread().name)
        time.sleep(0.1)
        return b"content"

    with ThreadPoolExecutor(4) as pool:  # each with a cache of its own, as processes have
        found = list(pool.map(lambda _: RangeCache(10**6).get("a", download), range(4)))
    assert found == [b"content"] * 4
    assert len(downloads) == 1


def test_nothing_is_kept_without_a_size_or_on_a_full_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RangeCache(0).get("a", lambda: b"1") == b"1"

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert RangeCache(100).get("a", lambda: b"2") == b"2"
    assert not kept(folder)


def test_unfinished_files_of_killed_processes_are_deleted(folder: Path) -> None:
    cache = RangeCache(1000)
    old, new = folder / ".a.1-00.part", folder / ".b.1-00.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    cache.get("c", lambda: b"content")
    assert not old.exists()
    assert new.exists()

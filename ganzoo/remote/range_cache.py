"""Ranges of remote files, kept on the disk up to a total size; the oldest are deleted first."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from ganzoo.folders import cache_folder, partial_path

_LOCKS = 64
"""Ranges are assigned to so many locks, so that the number of lock files is limited."""
_KEPT = 0.9
"""The share of the size that is kept when ranges are deleted."""
_CHECKS = 16
"""How often the size is checked while as many bytes are written as are kept."""
_HOUR = 3600.0


class RangeCache:
    """Ranges of bytes on the disk, of at most about ``limit`` bytes; for any number of processes.

    Each range is a file: the SHA-256 of its content, then the content. A damaged one is read again.
    If the disk is full, or the folder is somebody else's, nothing is kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._folder = cache_folder("remote")
        self._lock = threading.Lock()
        self._unchecked = limit  # the size is checked at the first write

    def get(self, key: str, download: Callable[[], bytes]) -> bytes:
        """The content that is kept under a key, or else that of ``download``, which is kept.

        A key is a text of letters and digits. If several processes need the same range, one
        downloads it, and the others wait.
        """
        if not self._limit:
            return download()
        path = self._folder / f"{key}.range"
        content = _read(path)
        if content is None:
            number = int(hashlib.sha256(key.encode()).hexdigest(), 16) % _LOCKS
            with _locked(self._folder / f"{number:02}.lock"):
                content = _read(path)
                if content is None:
                    content = download()
                    self._write(path, content)
        return content

    def _write(self, path: Path, content: bytes) -> None:
        part = partial_path(path)
        with suppress(OSError):
            self._make_room(len(content))
            try:
                # It is not flushed to the disk: after a crash, the hash shows if it is damaged.
                part.write_bytes(hashlib.sha256(content).digest() + content)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        with self._lock:
            self._unchecked += size
            if self._unchecked < self._limit / _CHECKS:
                return
            self._unchecked = size
            files = sorted(_files(self._folder))
            total = sum(size for _, size, _ in files)
            for _, size, path in files if total > self._limit * (1 - 1 / _CHECKS) else ():
                if total <= self._limit * _KEPT:
                    break
                with suppress(OSError):  # Windows keeps files that another process reads
                    path.unlink(missing_ok=True)
                    total -= size


def _read(path: Path) -> bytes | None:
    """The content of a range, which counts as used now; ``None`` if it is missing or damaged."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):  # it may be another user's
        os.utime(path)
    content = stored[32:]
    return content if hashlib.sha256(content).digest() == stored[:32] else None


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """A context with this lock; without it if the file cannot be locked, as of another user."""
    lock = FileLock(file, thread_local=False)
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """The time of the last use, the size and the path of each range; deletes unfinished ones."""
    for entry in os.scandir(folder):
        with suppress(OSError):  # another process may have deleted it since
            state = entry.stat(follow_symlinks=False)
            if entry.name.endswith(".range"):
                yield state.st_mtime, state.st_size, Path(entry.path)
            elif entry.name.endswith(".part") and state.st_mtime < time.time() - _HOUR:
                Path(entry.path).unlink(missing_ok=True)

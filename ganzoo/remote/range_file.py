"""Files of which ranges of bytes are read."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ganzoo.errors import RequestError

_MOST_OPEN = 64


class RangeFile(Protocol):
    """A file of which ranges of bytes are read, by several threads at once."""

    @property
    def address(self) -> str:
        """Its path or URL, for messages."""
        ...

    @property
    def size(self) -> int:
        """In bytes, when it was opened."""
        ...

    @property
    def version(self) -> str:
        """A text that changes when the content changes."""
        ...

    def read(self, start: int, stop: int, *, keep: bool = True) -> bytes:
        """The bytes from ``start`` to before ``stop``.

        Those of a remote file are kept on the disk, unless ``keep`` is false. Raises RequestError,
        which names the address and the offset, if they cannot be read or the file has changed since
        it was opened.
        """
        ...


class LocalFile:
    """A file of this machine; it is opened at the first read, and few stay open at once."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._path = path
        state = self._state()
        self.size = state.st_size
        self.version = _version(state)

    def read(self, start: int, stop: int, *, keep: bool = True) -> bytes:
        """The bytes from ``start`` to before ``stop``."""
        if _version(self._state()) != self.version:
            raise changed(self.address)
        try:
            content = _opened(self._path, self.version).read(start, stop - start)
        except OSError as error:
            raise RequestError(
                f"cannot read {self.address} at byte {start:,}: {error.strerror}"
            ) from error
        if len(content) != stop - start:
            raise RequestError(f"{self.address} ends before byte {stop:,}: copy it again")
        return content

    def _state(self) -> os.stat_result:
        try:
            state = self._path.stat()
        except OSError as error:
            raise RequestError(f"cannot read {self.address}: {error.strerror}") from error
        if not stat.S_ISREG(state.st_mode):  # opening a named pipe would block
            raise RequestError(f"{self.address} is not a file")
        return state


def changed(address: str) -> RequestError:
    """The error that a file is another than when the run began."""
    return RequestError(
        f"{address} has changed while it was read: put the earlier file back, or start a new run"
    )


def _version(state: os.stat_result) -> str:
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}-{state.st_ino}"


class _Handle:
    """An open file, which closes when nobody reads from it any more."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def read(self, start: int, count: int) -> bytes:
        if hasattr(os, "pread"):
            return _all(lambda done: os.pread(self._descriptor, count - done, start + done), count)
        with self._lock:  # Windows has no reads at an offset
            os.lseek(self._descriptor, start, os.SEEK_SET)
            return _all(lambda done: os.read(self._descriptor, count - done), count)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


@lru_cache(maxsize=_MOST_OPEN)
def _opened(path: Path, version: str) -> _Handle:
    """The file, which stays open while it is one of the last that were used."""
    return _Handle(path)


def _all(read: Callable[[int], bytes], count: int) -> bytes:
    """All ``count`` bytes, or those until the end; a single read returns at most 2 GiB."""
    content = read(0)
    while len(content) < count and (more := read(len(content))):
        content += more
    return content

"""The identity of files by their content."""

from __future__ import annotations

import contextlib
import hashlib
import stat
from collections.abc import Iterable, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.folders import cache_folder, write_atomically


def fingerprint_of_files(folder: Path, names: Sequence[str]) -> str:
    """64 hexadecimal digits that depend on these names and on what the files hold.

    ``names`` are relative to ``folder``; where that lies makes no difference. A file that cannot
    be read counts by its name alone. The files are read only if a size or a time of change
    differs from when they were last read.
    """
    states = [_state(folder / name) for name in names]
    key = _digest(names, (f"{folder.absolute()} {state}" for state in states))
    with contextlib.suppress(OSError, RequestError):
        return _memo(key).read_text(encoding="ascii")
    fingerprint = _digest(names, _contents(folder, names))
    # A cache that cannot be written costs time, not the run.
    with contextlib.suppress(OSError, RequestError):
        write_atomically(_memo(key), fingerprint)
    return fingerprint


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of change; ``None`` where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _memo(key: str) -> Path:
    return cache_folder("fingerprints") / f"{key}.txt"


def _contents(folder: Path, names: Sequence[str]) -> Iterable[str]:
    # Threads, since reading and hashing leave the interpreter free.
    with ThreadPool() as pool:
        yield from pool.imap(_content, (folder / name for name in names), chunksize=64)


def _content(path: Path) -> str:
    # Opening a named pipe would wait for ever.
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return "unreadable"


def _digest(names: Iterable[str], facts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name, fact in zip(names, facts, strict=True):
        # A name may hold any bytes; "surrogateescape" gives them back.
        digest.update(f"{name}\0{fact}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()

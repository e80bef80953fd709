"""The identity of files by their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Never

from ganzoo.errors import RequestError
from ganzoo.folders import cache_folder, write_atomically


def fingerprint_of_file(path: Path) -> str:
    """64 hexadecimal digits that depend on what a file holds, whatever it is called.

    It is read only if something differs from when it was last read: its size, its inode, or the
    times of its last modification and last status change. Raises RequestError if it cannot be read.
    """

    def read() -> tuple[str, bool]:
        content = _content(path)
        if content is None:
            raise RequestError(f"cannot read {path}: is it a file, and may it be read?")
        return content, True

    return cached_result([""], [path], read)


def fingerprint_of_files(folder: Path, names: Sequence[str]) -> str:
    """64 hexadecimal digits that depend on these names and on what the files hold.

    ``names`` are relative to ``folder``; where that lies makes no difference. A file that cannot
    be read counts by its name alone. The files are read only if something differs from when they
    were last read: a size, an inode, the time of a last modification or last status change; and
    each time while one of them cannot be read.
    """
    paths = [folder / name for name in names]

    def read() -> tuple[str, bool]:
        contents = _contents(paths)
        written = (content or "unreadable" for content in contents)
        return _digest(names, written), None not in contents

    return cached_result(names, paths, read)


def fingerprint_of_folder(folder: Path) -> str:
    """``fingerprint_of_files`` of all files in a folder and below, those behind links too.

    Raises RequestError for a folder that cannot be read.
    """
    return fingerprint_of_files(folder, sorted(_files_below(folder)))


def _files_below(root: Path) -> Iterator[str]:
    """Relative names, with "/" on every system."""
    seen = set()
    for folder, folders, names in os.walk(root, onerror=_refuse_folder, followlinks=True):
        folders.sort()  # so that of two ways to a folder always the same counts
        status = Path(folder).stat()
        # Links may lead to a folder twice, or round in circles.
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in names)


def _refuse_folder(error: OSError) -> Never:
    raise RequestError(f"cannot read the folder {error.filename}: {error.strerror}") from error


def cached_result(
    what: Sequence[str], paths: Sequence[Path], find: Callable[[], tuple[str, bool]]
) -> str:
    """What was found of these files when they had the states that they have now, or ``find()``.

    ``what`` says what is looked for. ``find`` returns an ASCII text, and whether it follows from
    the files' content alone: if not, it is not kept, since a file that cannot be read today may be
    readable tomorrow, unchanged.
    """
    facts = [*what, *(f"{path.absolute()} {_state(path)}" for path in paths)]
    key = _digest(facts, [""] * len(facts))
    with contextlib.suppress(OSError, RequestError):
        return _cache_file(key).read_text(encoding="ascii")
    found, can_be_cached = find()
    # A cache that cannot be written costs time, not the run.
    with contextlib.suppress(OSError, RequestError):
        if can_be_cached:
            write_atomically(_cache_file(key), found)
    return found


def _state(path: Path) -> tuple[int, ...] | None:
    """Size, times and inode; ``None`` where there is no file.

    The time of modification can be set back, as copying and unpacking do; that of the last status
    change cannot.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _cache_file(key: str) -> Path:
    return cache_folder("fingerprints") / f"{key}.txt"


def _contents(paths: Sequence[Path]) -> list[str | None]:
    # Threads, since reading and hashing leave the interpreter free.
    with ThreadPool() as pool:
        return list(pool.imap(_content, paths, chunksize=64))


def _content(path: Path) -> str | None:
    """The SHA-256 of a file, if it can be read."""
    # Opening a named pipe would wait for ever.
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def _digest(names: Iterable[str], facts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name, fact in zip(names, facts, strict=True):
        # A name may hold any bytes; "surrogateescape" gives them back.
        digest.update(f"{name}\0{fact}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()

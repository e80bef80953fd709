"""Fingerprints of files: hashes of their content."""

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
    """The SHA-256 of a file's content, as 64 hexadecimal digits; its name does not matter.

    The result is cached: the file is read again only if its size, inode, modification time or
    status change time has changed. Raises RequestError if it cannot be read.
    """

    def read() -> tuple[str, bool]:
        content = _content(path)
        if content is None:
            raise RequestError(
                f"cannot read {path}: check that it is a file and that you may read it"
            )
        return content, True

    return cached_result([""], [path], read)


def fingerprint_of_files(folder: Path, names: Sequence[str]) -> str:
    """A SHA-256 of these names and of the files' content, as 64 hexadecimal digits.

    ``names`` are relative to ``folder``, whose own path does not matter. Of a file that cannot be
    read, only the name counts. The result is cached: the files are read again only if a size,
    inode, modification time or status change time has changed, or if one could not be read.
    """
    paths = [folder / name for name in names]

    def read() -> tuple[str, bool]:
        contents = _contents(paths)
        written = (content or "unreadable" for content in contents)
        return _digest(names, written), None not in contents

    return cached_result(names, paths, read)


def fingerprint_of_folder(folder: Path) -> str:
    """``fingerprint_of_files`` of all files in a folder and its subfolders; links are followed.

    Raises RequestError if a folder cannot be read.
    """
    return fingerprint_of_files(folder, sorted(_files_below(folder)))


def _files_below(root: Path) -> Iterator[str]:
    """Relative names, with "/" on every system."""
    seen = set()
    for folder, folders, names in os.walk(root, onerror=_refuse_folder, followlinks=True):
        folders.sort()  # of two paths to a folder, always visit the same one first
        status = Path(folder).stat()
        # Links may lead to a folder twice, or form a cycle.
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in names)


def _refuse_folder(error: OSError) -> Never:
    raise RequestError(
        f"cannot read the folder {error.filename}: {error.strerror}; make it readable, or remove it"
    ) from error


def cached_result(
    what: Sequence[str], paths: Sequence[Path], find: Callable[[], tuple[str, bool]]
) -> str:
    """The cached result for these files, or that of ``find()`` if the files have changed.

    ``what`` is a part of the cache key. ``find`` returns an ASCII text, and whether it may be
    cached. It may not if a file could not be read, since that can change while the file does not.
    """
    facts = [*what, *(f"{path.absolute()} {_state(path)}" for path in paths)]
    key = _digest(facts, [""] * len(facts))
    with contextlib.suppress(OSError, RequestError):
        return _cache_file(key).read_text(encoding="ascii")
    found, can_be_cached = find()
    # If the cache cannot be written, the files are read again next time.
    with contextlib.suppress(OSError, RequestError):
        if can_be_cached:
            write_atomically(_cache_file(key), found)
    return found


def _state(path: Path) -> tuple[int, ...] | None:
    """Size, times and inode; ``None`` if there is no file.

    Copying and unpacking can set the modification time back, but not the status change time.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _cache_file(key: str) -> Path:
    return cache_folder("fingerprints") / f"{key}.txt"


def _contents(paths: Sequence[Path]) -> list[str | None]:
    # Threads are enough: reading and hashing release the interpreter lock.
    with ThreadPool() as pool:
        return list(pool.imap(_content, paths, chunksize=64))


def _content(path: Path) -> str | None:
    """The SHA-256 of a file; ``None`` if it cannot be read."""
    # Opening a named pipe would block.
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def _digest(names: Iterable[str], facts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name, fact in zip(names, facts, strict=True):
        # A name may contain any bytes; "surrogateescape" restores them.
        digest.update(f"{name}\0{fact}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()

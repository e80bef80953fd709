"""The files in the cache folder that ganzoo wrote, recognized by their names."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.folders import PARTIAL_NAME

DAY = 24 * 60 * 60


def _written(name: str) -> re.Pattern[str]:
    """The name of a file; group 1 is that of a file that was being written."""
    return re.compile(rf"{name}|(\.{name}\.[\w-]+\.part)")


_KEY = "[0-9a-f]{32}"
_SINGLE_FILES = {
    "evaluation": ("evaluation", _written(rf"{_KEY}\.(?:json|npy)")),
    "fingerprints": ("fingerprint", _written(r"[0-9a-f]{64}\.txt")),
    "commands": ("commands", _written(r"[0-9a-f]{8}\.json")),
    "indexes": ("index", re.compile(rf"{_KEY}\.npz|(\.{_KEY}\.npz\.[\w-]+\.part|{_KEY}\.lock)")),
    "remote": (
        "remote",
        re.compile(rf"{_KEY}-\d+-\d+\.range|(\.{_KEY}-\d+-\d+[\w.-]+\.part|\d\d\.lock)"),
    ),
    "timings": ("timing", _written(rf"{_KEY}\.json")),
}
"""By folder, the kind of entries that are single files, and their names.

Group 1 of a name matches files that belong to no entry once their process has ended.
"""
SMALL_KINDS = tuple(kind for kind, _ in _SINGLE_FILES.values())
"""The kinds of these entries, of which there may be thousands."""
KINDS = ("prepared", "download", *SMALL_KINDS)
"""All kinds of entries, except those that are unfinished."""

_PREPARED = re.compile(_KEY)
_UNFINISHED_PREPARED = re.compile(rf"\.{_KEY}\.\w+")
_LOCK = re.compile(rf"\.{_KEY}\.lock")
_PREPARED_FILE = re.compile(
    r"about\.json|(images|values|labels|rows|every_value|every_label)\.npy|progress\.json"
    r"|\.progress\.json\.[\w-]+\.part"
)
_DOWNLOAD_METADATA = re.compile(r"\.(.+)\.download\.json")
"""The name of the file with a download's metadata; it is in the same folder."""
_METADATA = re.compile(rf"about\.json|{_DOWNLOAD_METADATA.pattern}")

Files = Mapping[Path, os.stat_result]


@dataclass(frozen=True)
class CacheEntry:
    """Files that ganzoo wrote together, recognized by their names and metadata."""

    kind: str
    """One of ``KINDS``, or ``unfinished``."""
    path: Path
    files: Files
    about: Mapping[str, Any]

    @property
    def bytes(self) -> int:
        """The total size of the files in bytes."""
        return sum(state.st_size for state in self.files.values())

    @property
    def used(self) -> float:
        """The time of the last read or write according to the file system, in Unix seconds."""
        # Without metadata files, because this command reads them.
        used = [state for file, state in self.files.items() if not _METADATA.fullmatch(file.name)]
        return max((max(state.st_atime, state.st_mtime) for state in used), default=0)

    def is_stale(self) -> bool:
        """Whether the process that wrote it was probably killed."""
        return self.kind == "unfinished" and time.time() - self.used > DAY

    def delete(self) -> None:
        """Delete the files and their folder; processes that have the files open can read them."""
        moved = self.path
        if self.path not in self.files:  # a folder: rename it, so that nobody uses half of it
            key = self.path.name.strip(".")[:32]
            moved = self.path.with_name(f".{key}.{secrets.token_hex(4)}")
            self.path.rename(moved)
        for file in self.files:
            (moved / file.name if file.parent == self.path else file).unlink(missing_ok=True)
        if moved != self.path:
            moved.rmdir()


def cache_entries(root: Path) -> Iterator[CacheEntry]:
    """What ganzoo wrote into the cache; links are skipped."""
    yield from _prepared(root / "prepared")
    for folder, (kind, name) in _SINGLE_FILES.items():
        yield from _single_files(root / folder, kind, name)
    for path, folders, _ in os.walk(root):
        if Path(path) == root:
            folders[:] = [each for each in folders if each not in ("prepared", *_SINGLE_FILES)]
        yield from _downloads(Path(path))


def other_files(root: Path, entries: Iterable[CacheEntry]) -> Files:
    """The files that belong to no entry."""
    known = {file for entry in entries for file in entry.files}
    folders = [Path(folder) for folder, *_ in os.walk(root)]
    found = {file: state for folder in folders for file, state in _contents(folder).items()}
    return {f: s for f, s in found.items() if _is_file(s) and f not in known}


def _single_files(folder: Path, kind: str, name: re.Pattern[str]) -> Iterator[CacheEntry]:
    for path, state in _contents(folder).items():
        if _is_file(state) and (match := name.fullmatch(path.name)):
            yield CacheEntry("unfinished" if match[1] else kind, path, {path: state}, {})


def _prepared(folder: Path) -> Iterator[CacheEntry]:
    found = _contents(folder)
    locks = {p: s for p, s in found.items() if _LOCK.fullmatch(p.name) and _is_file(s)}
    for path, state in found.items():
        finished = _PREPARED.fullmatch(path.name)
        files = _contents(path) if stat.S_ISDIR(state.st_mode) else {}
        known = all(_is_file(files[file]) and _PREPARED_FILE.fullmatch(file.name) for file in files)
        if files and known and (finished or _UNFINISHED_PREPARED.fullmatch(path.name)):
            lock = path.with_suffix(".lock")
            files |= {lock: locks.pop(lock)} if lock in locks else {}
            kind = "prepared" if finished else "unfinished"
            yield CacheEntry(kind, path, files, _read(path / "about.json"))
    for lock, state in locks.items():
        yield CacheEntry("unfinished", lock, {lock: state}, {})


def _downloads(folder: Path) -> Iterator[CacheEntry]:
    files = {path: state for path, state in _contents(folder).items() if _is_file(state)}
    matches = {path: _DOWNLOAD_METADATA.fullmatch(path.name) for path in files}
    metadata = {folder / match[1]: path for path, match in matches.items() if match}
    for path, file in metadata.items():
        about = _read(file)
        if path in files and files[path].st_size == about.get("bytes"):
            yield CacheEntry("download", path, {path: files[path], file: files[file]}, about)
    for path, state in files.items():
        if PARTIAL_NAME.fullmatch(path.name):
            yield CacheEntry("unfinished", path, {path: state}, {})


def _contents(folder: Path) -> dict[Path, os.stat_result]:
    """The contents of a folder, sorted; empty if it does not exist, or is a link or a file."""
    found: dict[Path, os.stat_result] = {}
    if folder.is_symlink() or not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        with suppress(OSError):  # another process may have deleted it since
            found[path] = path.lstat()
    return found


def _is_file(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode)


def _read(metadata: Path) -> dict[str, Any]:
    """The contents of a JSON file; empty if it cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads(metadata.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}

"""``ganzoo data cache``: list and delete the files in the cache folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.options import Json
from ganzoo.cli.table import table

app = typer.Typer(invoke_without_command=True)

_DAY = 24 * 60 * 60

_PREPARED = re.compile(r"[0-9a-f]{32}")
_UNFINISHED_PREPARED = re.compile(r"\.[0-9a-f]{32}\.\w+")
_LOCK = re.compile(r"\.[0-9a-f]{32}\.lock")
_PREPARED_FILE = re.compile(
    r"about\.json|(images|values|labels|rows|every_value|every_label)\.npy|progress\.json"
    r"|\.progress\.json\.[\w-]+\.part"
)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}\.txt|(\.[0-9a-f]{64}\.txt\.[\w-]+\.part)")
_RANGE = re.compile(
    r"[0-9a-f]{32}-\d+-\d+\.range|(\.[0-9a-f]{32}-\d+-\d+\.[\w-]+\.part|\d\d\.lock)"
)
_INDEX = re.compile(r"[0-9a-f]{32}\.npz|(\.[0-9a-f]{32}\.npz\.[\w-]+\.part|[0-9a-f]{32}\.lock)")
_EVALUATION = re.compile(r"[0-9a-f]{32}\.(json|npy)")
_UNFINISHED_EVALUATION = re.compile(r"\.[0-9a-f]{32}\.(json|npy)\.[\w-]+\.part")
_DOWNLOAD_METADATA = re.compile(r"\.(.+)\.download\.json")
"""The name of the file with a download's metadata; it is in the same folder."""
_METADATA = re.compile(rf"about\.json|{_DOWNLOAD_METADATA.pattern}")
_UNFINISHED_DOWNLOAD = re.compile(r"tmp\w{8}")

_COMMANDS = re.compile(r"[0-9a-f]{8}\.json|(\.[0-9a-f]{8}\.json\.[\w-]+\.part)")

_TIMING = re.compile(r"[0-9a-f]{32}\.json|(\.[0-9a-f]{32}\.json\.[\w-]+\.part)")

_COUNTED = ("evaluation", "fingerprint", "commands", "index", "remote", "timing")
"""Kinds of small entries, which the table only counts."""

Files = Mapping[Path, os.stat_result]


@dataclass(frozen=True)
class CacheEntry:
    """Files that ganzoo wrote together, recognized by their names and metadata."""

    kind: str
    """prepared, evaluation, download, fingerprint, commands, index, remote, timing, unfinished."""
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
        return self.kind == "unfinished" and time.time() - self.used > _DAY

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


@app.callback()
def cache(context: typer.Context, as_json: Json = False) -> None:
    """List or delete the files in the cache folder.

    The cache has downloads, prepared images, features and baselines of real
    images, fingerprints of files, indexes of tar files, parts of remote files,
    timings of training steps, and the commands of plugins; ganzoo recreates them
    when they are needed.
    The environment variable `GANZOO_CACHE` sets another folder.

    Examples:
    - `ganzoo data cache`
    - `ganzoo data cache list --json`
    - `ganzoo data cache clear --prepared --older-than 30`

    """
    if context.invoked_subcommand is None:
        list_entries(as_json)


@app.command("list")
def list_entries(as_json: Json = False) -> None:
    """List the contents of the cache folder with their size and the date of their last use.

    Examples: `ganzoo data cache list`, `ganzoo data cache list --json`.
    """
    from rich.filesize import decimal

    from ganzoo.folders import cache_folder

    root = cache_folder()
    entries = list(_entries(root))
    others = _other_files(root, entries)
    if as_json:
        print(json.dumps(_as_json(root, entries, others), indent=2))
        return
    print(*_table(root, entries), sep="\n")
    print(f"total: {decimal(sum(entry.bytes for entry in entries))} in {root}")
    if others:
        size = decimal(sum(state.st_size for state in others.values()))
        print(f"{len(others):,} other files ({size}) were not written by ganzoo; it keeps them")


@app.command("clear")
def clear(
    prepared: Annotated[bool, typer.Option("--prepared", help="Delete prepared images.")] = False,
    downloads: Annotated[bool, typer.Option("--downloads", help="Delete downloads.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="Delete parts of remote files.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete everything that ganzoo wrote.")
    ] = False,
    older_than: Annotated[
        float,
        typer.Option(
            metavar="DAYS", min=0, help="Delete only what was not used in the last DAYS days."
        ),
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> None:
    """Delete files in the cache folder; ganzoo recreates them when they are needed.

    Unfinished files that are older than a day, from processes that were killed,
    are deleted, too.

    Examples:
    - `ganzoo data cache clear --prepared`
    - `ganzoo data cache clear --all --older-than 30 --yes`

    """
    from rich.filesize import decimal

    from ganzoo.errors import RequestError
    from ganzoo.folders import cache_folder

    requested = {
        "prepared": prepared,
        "download": downloads,
        "fingerprint": False,
        "evaluation": False,
        "commands": False,
        "index": False,
        "remote": remote,
        "timing": False,
    }
    kinds = {kind for kind, flag in requested.items() if flag or everything}
    if not kinds:
        raise RequestError("choose what to delete: add --prepared, --downloads, --remote or --all")
    root, latest = cache_folder(), time.time() - older_than * _DAY
    selected = [
        entry
        for entry in _entries(root)
        if (entry.kind in kinds and entry.used <= latest) or entry.is_stale()
    ]
    if not selected:
        print("there is nothing to delete")
        return
    print(*_table(root, selected), sep="\n")
    size = decimal(sum(entry.bytes for entry in selected))
    if not yes and not sys.stdin.isatty():
        raise RequestError(f"not in a terminal, so cannot ask: add --yes to delete these {size}")
    if yes or typer.confirm(f"delete these {size}?"):
        for entry in selected:
            entry.delete()
        print(f"deleted {size}")


# --- find the entries -------------------------------------------------------------------------


def _entries(root: Path) -> Iterator[CacheEntry]:
    """What ganzoo wrote into the cache, recognized by file names; links are skipped."""
    yield from _prepared(root / "prepared")
    yield from _single_files(root / "fingerprints", "fingerprint", _FINGERPRINT)
    yield from _single_files(root / "commands", "commands", _COMMANDS)
    yield from _single_files(root / "indexes", "index", _INDEX)
    yield from _single_files(root / "remote", "remote", _RANGE)
    yield from _single_files(root / "timings", "timing", _TIMING)
    yield from _evaluations(root / "evaluation")
    for folder, *_ in os.walk(root):
        yield from _downloads(Path(folder))


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


def _evaluations(folder: Path) -> Iterator[CacheEntry]:
    for path, state in _contents(folder).items():
        if _is_file(state) and _EVALUATION.fullmatch(path.name):
            yield CacheEntry("evaluation", path, {path: state}, {})
        elif _is_file(state) and _UNFINISHED_EVALUATION.fullmatch(path.name):
            yield CacheEntry("unfinished", path, {path: state}, {})


def _downloads(folder: Path) -> Iterator[CacheEntry]:
    files = {path: state for path, state in _contents(folder).items() if _is_file(state)}
    matches = {path: _DOWNLOAD_METADATA.fullmatch(path.name) for path in files}
    metadata = {folder / match[1]: path for path, match in matches.items() if match}
    for path, file in metadata.items():
        about = _read(file)
        if path in files and files[path].st_size == about.get("bytes"):
            yield CacheEntry("download", path, {path: files[path], file: files[file]}, about)
    for path, state in files.items():
        if metadata and _UNFINISHED_DOWNLOAD.fullmatch(path.name):
            yield CacheEntry("unfinished", path, {path: state}, {})


def _other_files(root: Path, entries: Iterable[CacheEntry]) -> Files:
    """The files that belong to no entry."""
    known = {file for entry in entries for file in entry.files}
    folders = [Path(folder) for folder, *_ in os.walk(root)]
    found = {file: state for folder in folders for file, state in _contents(folder).items()}
    return {f: s for f, s in found.items() if _is_file(s) and f not in known}


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


# --- print the entries ------------------------------------------------------------------------


def _table(root: Path, entries: Sequence[CacheEntry]) -> Iterator[str]:
    from rich.filesize import decimal

    rows = [("kind", "contents", "size", "last used")]
    for entry in entries:
        if entry.kind not in _COUNTED:
            size, used = decimal(entry.bytes), _date(entry.used)
            rows.append((entry.kind, _description(root, entry), size, used))
    for kind in _COUNTED:
        if same := [entry for entry in entries if entry.kind == kind]:
            size = decimal(sum(entry.bytes for entry in same))
            used = _date(max(entry.used for entry in same))
            rows.append((kind, f"{len(same):,} entries", size, used))
    return table(rows)


def _description(root: Path, entry: CacheEntry) -> str:
    """The path in the cache; for prepared images, also their dataset and preparation."""
    path = str(entry.path.relative_to(root))
    preparation = entry.about.get("preparation")
    preparation = preparation if isinstance(preparation, dict) else {}
    facts = {
        "dataset": entry.about.get("dataset", entry.about.get("source")),
        "images": entry.about.get("images"),
        **{key: preparation.get(key) for key in ("resolution", "fit", "channels")},
    }
    return " ".join([path, *(f"{k}={value}" for k, value in facts.items() if value is not None)])


def _as_json(root: Path, entries: Sequence[CacheEntry], others: Files) -> dict[str, Any]:
    return {
        "folder": str(root),
        "bytes": sum(entry.bytes for entry in entries),
        "kept": [
            {
                "kind": entry.kind,
                "path": str(entry.path.relative_to(root)),
                "bytes": entry.bytes,
                "last_used": _date(entry.used),
                "about": entry.about,
            }
            for entry in entries
        ],
        "others": {str(path.relative_to(root)): state.st_size for path, state in others.items()},
    }


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))

"""``ganzoo data cache``: what lies in the cache folder, and deleting it."""

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

_SET = re.compile(r"[0-9a-f]{32}")
_UNFINISHED_SET = re.compile(r"\.[0-9a-f]{32}\.\w+")
_LOCK = re.compile(r"\.[0-9a-f]{32}\.lock")
_IN_SETS = re.compile(
    r"about\.json|(images|labels|rows|every_label)\.npy|progress\.json"
    r"|\.progress\.json\.[\w-]+\.part"
)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}\.txt|(\.[0-9a-f]{64}\.txt\.[\w-]+\.part)")
_NOTE = re.compile(r"\.(.+)\.download\.json")
"""What lies beside a download, and says that it is one."""
_READ_HERE = re.compile(rf"about\.json|{_NOTE.pattern}")
_UNFINISHED_DOWNLOAD = re.compile(r"tmp\w{8}")

Files = Mapping[Path, os.stat_result]


@dataclass(frozen=True)
class Kept:
    """Files that ganzoo wrote and that go together, as their names and the notes in them tell."""

    kind: str
    """prepared, download, fingerprint or unfinished."""
    path: Path
    files: Files
    about: Mapping[str, Any]

    @property
    def bytes(self) -> int:
        """How large the files are."""
        return sum(state.st_size for state in self.files.values())

    @property
    def used(self) -> float:
        """When it was last read or written, as far as the file system tells."""
        # Notes do not count: to look at the cache is no use of it.
        used = [state for file, state in self.files.items() if not _READ_HERE.fullmatch(file.name)]
        return max((max(state.st_atime, state.st_mtime) for state in used), default=0)

    def is_stale(self) -> bool:
        """Whether a process that wrote it was killed, as it seems."""
        return self.kind == "unfinished" and time.time() - self.used > _DAY

    def delete(self) -> None:
        """Delete the files and their folder; a process that has them open reads on."""
        moved = self.path
        if self.path not in self.files:  # a folder, of which half would pass for a whole one
            key = self.path.name.strip(".")[:32]
            moved = self.path.with_name(f".{key}.{secrets.token_hex(4)}")
            self.path.rename(moved)
        for file in self.files:
            (moved / file.name if file.parent == self.path else file).unlink(missing_ok=True)
        if moved != self.path:
            moved.rmdir()


@app.callback()
def cache(context: typer.Context, as_json: Json = False) -> None:
    """Show what lies in the cache folder, or delete it.

    These are downloads, prepared images and fingerprints of files, all of which can be made
    again. `GANZOO_CACHE` names another folder.

    Examples:
    - `ganzoo data cache`
    - `ganzoo data cache list --json`
    - `ganzoo data cache clear --prepared --older-than 30`

    """
    if context.invoked_subcommand is None:
        list_kept(as_json)


@app.command("list")
def list_kept(as_json: Json = False) -> None:
    """List what lies in the cache folder, its size, and when it was last used.

    Examples: `ganzoo data cache list`, `ganzoo data cache list --json`.
    """
    from rich.filesize import decimal

    from ganzoo.folders import cache_folder

    root = cache_folder()
    kept = list(_kept(root))
    others = _others(root, kept)
    if as_json:
        print(json.dumps(_tree(root, kept, others), indent=2))
        return
    print(*_table(root, kept), sep="\n")
    print(f"{decimal(sum(one.bytes for one in kept))} in all in {root}")
    if others:
        size = decimal(sum(state.st_size for state in others.values()))
        print(f"{len(others):,} other files ({size}), which ganzoo does not know and leaves alone")


@app.command("clear")
def clear(
    prepared: Annotated[bool, typer.Option("--prepared", help="Delete prepared images.")] = False,
    downloads: Annotated[bool, typer.Option("--downloads", help="Delete downloads.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete both, and fingerprints of files.")
    ] = False,
    older_than: Annotated[
        float, typer.Option(metavar="DAYS", min=0, help="Only what was last used so long ago.")
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what can be made again, and what killed processes left a day ago or earlier.

    Examples:
    - `ganzoo data cache clear --prepared`
    - `ganzoo data cache clear --all --older-than 30 --yes`

    """
    from rich.filesize import decimal

    from ganzoo.errors import RequestError
    from ganzoo.folders import cache_folder

    kinds = {"prepared": prepared, "download": downloads, "fingerprint": False}
    wanted = {kind for kind, asked in kinds.items() if asked or everything}
    if not wanted:
        raise RequestError("what is to be deleted? Add --prepared, --downloads or --all")
    root, latest = cache_folder(), time.time() - older_than * _DAY
    gone = [
        one for one in _kept(root) if (one.kind in wanted and one.used <= latest) or one.is_stale()
    ]
    if not gone:
        print("there is nothing to delete")
        return
    print(*_table(root, gone), sep="\n")
    size = decimal(sum(one.bytes for one in gone))
    if not yes and not sys.stdin.isatty():
        raise RequestError(f"add --yes to delete these {size}: there is nobody to ask")
    if yes or typer.confirm(f"delete these {size}?"):
        for one in gone:
            one.delete()
        print(f"deleted {size}")


# --- what lies there --------------------------------------------------------------------------


def _kept(root: Path) -> Iterator[Kept]:
    """What ganzoo wrote there, by names that nobody else would give; links are passed by."""
    yield from _sets(root / "prepared")
    for path, state in _inside(root / "fingerprints").items():
        if _is_file(state) and (named := _FINGERPRINT.fullmatch(path.name)):
            yield Kept("unfinished" if named[1] else "fingerprint", path, {path: state}, {})
    for folder, *_ in os.walk(root):
        yield from _downloads(Path(folder))


def _sets(folder: Path) -> Iterator[Kept]:
    found = _inside(folder)
    locks = {p: s for p, s in found.items() if _LOCK.fullmatch(p.name) and _is_file(s)}
    for path, state in found.items():
        whole = _SET.fullmatch(path.name)
        files = _inside(path) if stat.S_ISDIR(state.st_mode) else {}
        known = all(_is_file(files[file]) and _IN_SETS.fullmatch(file.name) for file in files)
        if files and known and (whole or _UNFINISHED_SET.fullmatch(path.name)):
            lock = path.with_suffix(".lock")
            files |= {lock: locks.pop(lock)} if lock in locks else {}
            kind = "prepared" if whole else "unfinished"
            yield Kept(kind, path, files, _read(path / "about.json"))
    for lock, state in locks.items():
        yield Kept("unfinished", lock, {lock: state}, {})


def _downloads(folder: Path) -> Iterator[Kept]:
    files = {path: state for path, state in _inside(folder).items() if _is_file(state)}
    notes = {folder / named[1]: path for path in files if (named := _NOTE.fullmatch(path.name))}
    for path, note in notes.items():
        about = _read(note)
        if path in files and files[path].st_size == about.get("bytes"):
            yield Kept("download", path, {path: files[path], note: files[note]}, about)
    for path, state in files.items():
        if notes and _UNFINISHED_DOWNLOAD.fullmatch(path.name):
            yield Kept("unfinished", path, {path: state}, {})


def _others(root: Path, kept: Iterable[Kept]) -> Files:
    """The files of which nothing is known."""
    known = {file for one in kept for file in one.files}
    folders = [Path(folder) for folder, *_ in os.walk(root)]
    found = {file: state for folder in folders for file, state in _inside(folder).items()}
    return {f: s for f, s in found.items() if _is_file(s) and f not in known}


def _inside(folder: Path) -> dict[Path, os.stat_result]:
    """What is in a folder, by name; nothing if it is none, or a link."""
    found: dict[Path, os.stat_result] = {}
    if folder.is_symlink() or not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        with suppress(OSError):  # another process may have removed it by now
            found[path] = path.lstat()
    return found


def _is_file(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode)


def _read(note: Path) -> dict[str, Any]:
    """What a note says; nothing if it cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads(note.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


# --- what is told -----------------------------------------------------------------------------


def _table(root: Path, kept: Sequence[Kept]) -> Iterator[str]:
    from rich.filesize import decimal

    rows = [("kind", "what", "size", "last used")]
    for one in kept:
        if one.kind != "fingerprint":
            rows.append((one.kind, _what(root, one), decimal(one.bytes), _date(one.used)))
    if small := [one for one in kept if one.kind == "fingerprint"]:
        size, used = sum(one.bytes for one in small), max(one.used for one in small)
        rows.append(("fingerprint", f"{len(small):,} of them", decimal(size), _date(used)))
    return table(rows)


def _what(root: Path, one: Kept) -> str:
    """The place in the cache; for prepared images, what is written about them."""
    place = str(one.path.relative_to(root))
    how = one.about.get("preparation")
    how = how if isinstance(how, dict) else {}
    known = {
        "of": one.about.get("dataset", one.about.get("source")),
        "images": one.about.get("images"),
        **{key: how.get(key) for key in ("resolution", "fit", "channels")},
    }
    told = (f"{key}={value}" for key, value in known.items() if value is not None)
    return " ".join([place, *told])


def _tree(root: Path, kept: Sequence[Kept], others: Files) -> dict[str, Any]:
    return {
        "folder": str(root),
        "bytes": sum(one.bytes for one in kept),
        "kept": [
            {
                "kind": one.kind,
                "path": str(one.path.relative_to(root)),
                "bytes": one.bytes,
                "last_used": _date(one.used),
                "about": one.about,
            }
            for one in kept
        ],
        "others": {str(path.relative_to(root)): state.st_size for path, state in others.items()},
    }


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))

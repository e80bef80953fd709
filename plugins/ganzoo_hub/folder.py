"""New folders that appear with all of their files or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp

from ganzoo import RequestError


def check_new(path: Path) -> None:
    """Raise RequestError unless a folder can be written here without overwriting anything."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RequestError(f"{path} exists already: name another folder")
    if path.resolve() == Path.cwd():
        raise RequestError(f"{path} is the working folder: name a new folder in it")
    nearest = next((each for each in (path, *path.parents) if each.exists()), path)
    if not nearest.is_dir():
        raise RequestError(f"{nearest} is a file, not a folder")


def copy_files(source: Path, folder: Path, names: Iterable[str]) -> None:
    """Copy those of these files that exist.

    Raises RequestError if the source is not a folder.
    """
    if not source.is_dir():
        raise RequestError(f"there is no folder {source}; a repository is written hf://USER/NAME")
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def move_into(folder: Path, target: Path, names: Iterable[str] | None = None) -> None:
    """Move files, by default all, into a new folder, which appears when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        for name in names or [path.name for path in folder.iterdir()]:
            shutil.copyfile(folder / name, part / name)
        part.chmod(0o755)
        if target.exists():
            target.rmdir()  # it is empty
        part.rename(target)
    finally:
        if part.exists():
            shutil.rmtree(part)

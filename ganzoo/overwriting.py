"""Checks of the paths that commands write to: nothing is overwritten unless the user says so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.folders import RUN_FILES


def check_free(path: Path, *, force: bool = False, option: str = "--out") -> None:
    """Raise RequestError if writing this file would overwrite something, or is not possible.

    With ``force`` a file may be overwritten, but not a folder and not a file of a run. ``option``
    is the option that set the path, for the message.
    """
    if path.is_dir():
        raise RequestError(f"{path} exists already and is a folder: name a file with {option}")
    if force:
        _refuse_part_of_run(path)
    elif path.exists() or path.is_symlink():
        raise exists_already(path, option)
    require_folder(path.parent)


def check_no_input(path: Path, inputs: Iterable[Path], option: str = "--out") -> None:
    """Raise RequestError if this file to be written is one of those that the command reads."""
    if any(path.resolve() == each.resolve() for each in inputs):
        raise RequestError(f"{path} is also what is read: name another with {option}")


def check_folder_free(path: Path, *, force: bool = False) -> None:
    """As check_free, for a folder: without ``force`` it must be missing or empty."""
    if path.is_dir() and not force and any(path.iterdir()):
        raise exists_already(path)
    if force:
        _refuse_part_of_run(path)
    require_folder(path)


def exists_already(path: Path, option: str = "--out") -> RequestError:
    """The error that this path exists already."""
    return RequestError(
        f"{path} exists already: name another with {option}, or overwrite it with --force"
    )


def _refuse_part_of_run(path: Path) -> None:
    whole = path.parent.resolve() / path.name
    for parent in whole.parents:
        part = whole.relative_to(parent).parts[0]
        is_of_run = part in RUN_FILES or part.startswith("events.out.")
        if is_of_run and (parent / "run.toml").is_file():
            raise RequestError(f"{path} belongs to the run {parent}: --force does not overwrite it")


def require_folder(path: Path, remedy: str = "choose another path") -> None:
    """Raise RequestError unless this is a writable folder or can be created as one."""
    existing = (each for each in (path, *path.parents) if each.exists() or each.is_symlink())
    nearest = next(existing, path)
    if not nearest.exists():
        raise RequestError(f"{nearest} is a link to a folder that does not exist: {remedy}")
    if not nearest.is_dir():
        raise RequestError(f"{nearest} is a file, not a folder: {remedy}")
    if not os.access(nearest, os.W_OK):
        raise RequestError(f"{nearest.absolute()} is not writable: {remedy}")

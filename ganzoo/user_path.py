"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import RequestError


def user_path(path: str | Path) -> Path:
    """The path, with the home folder of the user in place of ``~``.

    Raises RequestError if there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise RequestError(f"there is no home folder for {path}") from error

"""Options that several commands have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import typer

from ganzoo.folders import ending

Checkpoint = Annotated[str, typer.Option(metavar="WHICH", help="last, best or a step.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or mps.")]
ClassName = Annotated[
    str | None, typer.Option("--class", metavar="NAME", help="Only pictures of this class.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


class Out(NamedTuple):
    """Where a command writes: one file, or a folder."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, text: str) -> Self:
        """A folder if the name ends in a slash or has no ending, or if there is such a folder."""
        path = Path(text)
        return cls(path, _ends_in_slash(text) or path.is_dir() or not ending(path))


def one_file(text: str) -> Path:
    """The path of a file.

    Raises BadParameter for a name that ends in a slash.
    """
    if _ends_in_slash(text):
        raise typer.BadParameter(f"{text} is a folder: name one file")
    return Path(text)


def _ends_in_slash(text: str) -> bool:
    return text.endswith(tuple(filter(None, ("/", os.sep, os.altsep))))

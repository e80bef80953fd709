"""Options that several commands have, and the registry that they ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import typer

from ganzoo.folders import ending

if TYPE_CHECKING:
    from ganzoo.registry import Registry

DisablePlugin = Annotated[
    list[str] | None,
    typer.Option(
        "--disable-plugin", metavar="PLUGIN", help="Do not import this plugin; repeatable."
    ),
]
LocalPlugin = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="Use a local file as a plugin; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Checkpoint = Annotated[str, typer.Option(metavar="WHICH", help="last, best or a step.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or mps.")]
ClassName = Annotated[
    str | None, typer.Option("--class", metavar="NAME", help="Only images of this class.")
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


def registry(disable_plugin: list[str] | None, files: list[Path] | None) -> Registry:
    """Everything installed and those files; a plugin that fails is told once on standard error."""
    from ganzoo.registry import Registry

    found = Registry.discover(disable_plugin or (), files or ())
    for failure in found.failures:
        local = failure.plugin.distribution.startswith("local: ")
        remedy = "" if local else f" (leave it out with --disable-plugin {failure.plugin.name})"
        print(
            f"warning: the plugin {failure.plugin} cannot be used: {failure.reason}{remedy}",
            file=sys.stderr,
        )
    return found

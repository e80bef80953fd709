"""``ganzoo new``: write a new plugin."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.errors import RequestError

_KINDS = (
    "loss, method, regularizer, architecture, dataset, augmentation, metric, extractor, observer, "
    "recipe or command"
)


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The name of the plugin and of its component, lower-case-with-hyphens.",
        show_default=False,
    ),
]
Kind = Annotated[
    str,
    typer.Option(metavar="KIND", help=f"What it contains: {_KINDS}.", show_default=False),
]
NewFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="The folder to write, new or empty; by default ganzoo-NAME.",
        show_default=False,
    ),
]
Author = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Who writes it, for the license; by default the user.name of git.",
        show_default=False,
    ),
]


def new(
    context: typer.Context,
    name: Name,
    kind: Kind,
    out: NewFolder = None,
    author: Author = None,
) -> None:
    """Write a new plugin: a complete package with one working component, to be changed.

    The package has options, tests, a README, a license and a workflow for GitHub.
    Afterwards this prints the commands that install it, test it and use it.

    Examples:
    - `ganzoo new my-loss --kind loss`
    - `ganzoo new my-networks --kind architecture --out plugins/my-networks`

    """
    from ganzoo.new_plugin.package import NewPlugin

    if kind == "command":
        _require_free_command(context, name)
    folder = out or Path(f"ganzoo-{name}")
    plugin = NewPlugin.of(name, kind, _printable(author or "") or _author(name))
    plugin.write(folder)
    print(f"wrote {folder}:")
    for path in sorted(plugin.files):
        print(f"  {path}")
    print("next:")
    for command in (f"cd {shlex.quote(str(folder))}", *_NEXT, plugin.command):
        print(f"  {command}")


_NEXT = ("pip install -e . pytest", "pytest")


def _require_free_command(context: typer.Context, name: str) -> None:
    """Raise RequestError if ganzoo has a command of this name itself."""
    group: Any = context.find_root().command
    if name in group.commands:
        raise RequestError(
            f"the command {name} is installed already: choose another, such as my-{name}"
        )


def _author(name: str) -> str:
    """The name of git's user; if there is none, a name for all authors."""
    unknown = f"the authors of ganzoo-{name}"
    try:
        command = ["git", "config", "user.name"]
        done = subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, encoding="utf-8", errors="ignore", check=False
        )
    except OSError:  # git is not installed
        return unknown
    return _printable(done.stdout) or unknown


def _printable(text: str) -> str:
    """The text in one line, as the files of a package can contain it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

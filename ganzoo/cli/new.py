"""``ganzoo new``: write a new plugin."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

_KINDS = (
    "loss, method, regularizer, architecture, dataset, augmentation, metric, extractor, observer, "
    "recipe or command"
)


def new(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The name of the plugin and of its component, lower-case-with-hyphens.",
            show_default=False,
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help=f"What it contains: {_KINDS}.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder to write, new or empty; by default ganzoo-NAME.",
            show_default=False,
        ),
    ] = None,
    author: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Who writes it, for the license; by default the user.name of git.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a new plugin: a complete package with one working component, to be changed.

    The package has options, tests, a README, a license and a workflow for GitHub.
    Afterwards this prints the commands that install it, test it and use it.

    Examples:
    - `ganzoo new my-loss --kind loss`
    - `ganzoo new my-networks --kind architecture --out plugins/my-networks`

    """
    from ganzoo.new_plugin.package import NewPlugin

    folder = out or Path(f"ganzoo-{name}")
    plugin = NewPlugin.of(name, kind, author or _author(name))
    plugin.write(folder)
    print(f"wrote {folder}:")
    for path in sorted(plugin.files):
        print(f"  {path}")
    print("next:")
    for command in (f"cd {shlex.quote(str(folder))}", *_NEXT, plugin.command):
        print(f"  {command}")


_NEXT = ("pip install -e . pytest", "pytest")


def _author(name: str) -> str:
    """The name of git's user; if there is none, a name for all authors."""
    try:
        command = ["git", "config", "user.name"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        found = ""
    return found.strip() or f"the authors of ganzoo-{name}"

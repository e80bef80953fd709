"""The registry as a command sees it: what is left out, what is added, what is broken."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganzoo.registry import Registry

Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PLUGIN", help="Do not even import this plugin; repeatable."),
]
LocalPlugin = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="Use a local file as a plugin; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def registry(without: list[str] | None, files: list[Path] | None) -> Registry:
    """Everything installed and those files; a plugin that fails is told once on standard error."""
    from ganzoo.registry import Registry

    found = Registry.discover(without or (), files or ())
    for failure in found.failures:
        local = failure.plugin.distribution.startswith("local: ")
        remedy = "" if local else f" (leave it out with --without {failure.plugin.name})"
        print(
            f"warning: the plugin {failure.plugin} cannot be used: {failure.reason}{remedy}",
            file=sys.stderr,
        )
    return found

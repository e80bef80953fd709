"""Commands, of the core and of plugins, as commands of Typer."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from typing import Any, Protocol

import typer
import typer.main

from ganzoo.errors import ContractError, described


class DeclaredCommand(Protocol):
    """A command of the core, or a CommandSpec."""

    @property
    def name(self) -> str:
        """Its name, with that of its group."""

    @property
    def factory(self) -> str | Callable[..., Any]:
        """A function or a Typer app, or its import string."""


def command_of(spec: DeclaredCommand) -> Any:
    """The command that the factory is: a function with Typer's annotations, or a Typer app.

    Imports the factory. Raises ContractError if it is neither.
    """
    found: Any = spec.factory
    if isinstance(found, str):
        found = pkgutil.resolve_name(found)
    name = spec.name.rpartition(" ")[2]
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
        group: Any = typer.main.get_command(app)
        return group.commands[name]
    if not callable(found) or isinstance(found, type):
        raise ContractError(f"{spec.factory} is {described(found)}, not a function or a Typer app")
    app.command(name)(found)
    return typer.main.get_command(app)

"""Commands, of the core and of plugins, as commands of Typer."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import typer
import typer.main
from typer.core import TyperCommand

from ganzoo.errors import ContractError, described


class DeclaredCommand(Protocol):
    """A command of the core, or a CommandSpec."""

    @property
    def name(self) -> str:
        """Its name, with that of its group."""

    @property
    def factory(self) -> str | Callable[..., Any]:
        """A function or a Typer app, or its import string."""


class Command(TyperCommand):
    """A command whose help names the values of options as the documentation does."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options."""
        return with_plain_values(super().get_params(ctx))


_VALUES: dict[Any, str] = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}


def with_plain_values(parameters: Sequence[Any]) -> list[Any]:
    """The parameters; the help shows ``TEXT`` instead of ``<str>``, and nothing for flags.

    Without this, Typer shows ``--dry-run <bool>``, as if a flag had a value.
    """
    for each in parameters:
        if getattr(each, "is_flag", True):  # an argument, whose name says what it is, has none
            each.display_type_rich = lambda ctx: None
        elif each.metavar is None:
            declared = getattr(each, "type_descriptor", None)  # not in older versions of Typer
            each.metavar = _VALUES.get(getattr(declared, "annotation", None))
    return list(parameters)


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
    app.command(name, cls=Command)(found)
    return typer.main.get_command(app)

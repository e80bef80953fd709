"""Checks of commands."""

from __future__ import annotations

import re
from typing import Any

from ganzoo.components import CommandSpec, ComponentSpec
from ganzoo.options import Options
from ganzoo.testing.problems import Problems


def check_command(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It is a function or a Typer app with a help text that has an example."""
    from ganzoo.plugin_commands import command_of

    assert isinstance(component, CommandSpec)
    problems.expect(
        isinstance(component.factory, str),
        'its factory should be an import string "package.module:name": it is imported only when '
        "the command is used",
    )
    with problems.catching("it is not a command"):
        _check_help(command_of(component), component.name, problems)


def _check_help(command: Any, name: str, problems: Problems) -> None:
    """The command and all commands in it have a help text; a last one also has an example."""
    text = command.help or ""
    problems.expect(text.strip(), f"`ganzoo {name}` has no help text: write a docstring")
    for parameter in command.params:
        shown = getattr(parameter, "help", None) or parameter.name == "help"
        problems.expect(shown, f"`ganzoo {name}`: its parameter {parameter.name} has no help text")
    inside = getattr(command, "commands", {})
    if not inside and text.strip():
        problems.expect(
            re.search(rf"`ganzoo {re.escape(name)}\b[^`]*`", " ".join(text.split())),
            f"`ganzoo {name}`: its help text has no example that begins with `ganzoo {name}",
        )
    for each, below in inside.items():
        _check_help(below, f"{name} {each}", problems)

"""The flags of settings, for the commands that resolve new runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from ganzoo.errors import RequestError, UnnamedComponent
from ganzoo.flags import ADDING, FLAGS, Flag

_PANEL = "Common settings"


def with_flags(
    names: Iterable[str] = FLAGS, *, lists: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator that gives a command the flags of these names, and those that add components.

    With ``lists``, a flag takes several values with commas between them. The command gets
    ``flags``, the text or value of each flag that was given, and ``added``, the names of components
    by section.
    """
    chosen = {name: FLAGS[name] for name in names}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def called(**arguments: Any) -> None:
            added = {section: arguments.pop(section) or () for section in ADDING}
            given = {name: arguments.pop(name) for name in chosen}
            flags = {name: value for name, value in given.items() if value is not None}
            try:
                command(flags=flags, added=added, **arguments)
            except UnnamedComponent as error:
                has_no_budget = "budget" in arguments and arguments["budget"] is None
                plans = has_no_budget and error.kind != "dataset"
                raise RequestError(_remedy(error.kind, command.__name__, plans)) from error

        signature = inspect.signature(command, eval_str=True)
        own = [p for name, p in signature.parameters.items() if name not in ("flags", "added")]
        types = {section: _adding(help_text) for section, help_text in ADDING.items()}
        types |= {name: _option(flag, lists) for name, flag in chosen.items()}
        kind = inspect.Parameter.KEYWORD_ONLY
        more = [inspect.Parameter(n, kind, default=None, annotation=t) for n, t in types.items()]
        called.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in (*own, *more)}
        return called

    return decorate


def _remedy(kind: str, command: str, plans: bool) -> str:
    """What to write if a component is not named; with ``plans``, a budget chooses it, too."""
    budget = ", or --budget TIME, which chooses one" if plans else ""
    return (
        f"which {kind}? Write `ganzoo {command} DATASET ARCHITECTURE LOSS`, {kind}=NAME"
        f"{', ' if plans else ', or '}--recipe NAME{budget}"
    )


def _adding(help_text: str) -> Any:
    return Annotated[list[str] | None, typer.Option(metavar="NAME", help=help_text)]


def _option(flag: Flag, lists: bool) -> Any:
    if lists:
        panel = f"{_PANEL}: one value, or several with commas between them"
        option = typer.Option(metavar="LIST", help=flag.help, rich_help_panel=panel)
        return Annotated[str | None, option]
    kind: Any = flag.type
    return Annotated[kind | None, typer.Option(help=flag.help, rich_help_panel=_PANEL)]

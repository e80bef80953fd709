"""Prints each call of a plugin's hooks and factories, with GANZOO_TRACE_PLUGINS=1."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import Any, TypeVar

from ganzoo.components import ComponentSpec
from ganzoo.options import Options

T = TypeVar("T")

_MAX_LENGTH = 200
"""Characters of the arguments and of the result that are shown."""


def traced(plugin: str, name: str, function: Callable[..., T], /, *values: Any, **named: Any) -> T:
    """What the function returns for these arguments.

    With ``GANZOO_TRACE_PLUGINS=1`` it also prints one line on standard error: the plugin, the
    name of the call, its arguments, its result or error, and its time in milliseconds.
    """
    if os.environ.get("GANZOO_TRACE_PLUGINS") != "1":
        return function(*values, **named)
    arguments = [_short(value) for value in values]
    arguments += [f"{key}={_short(value)}" for key, value in named.items()]
    start = time.perf_counter()
    try:
        result = function(*values, **named)
    except BaseException as error:
        _print(plugin, name, arguments, f"raised {type(error).__name__}: {error}", start)
        raise
    _print(plugin, name, arguments, _short(result), start)
    return result


def _print(plugin: str, name: str, arguments: Sequence[str], outcome: str, start: float) -> None:
    milliseconds = 1000 * (time.perf_counter() - start)
    call = textwrap.shorten(", ".join(arguments), _MAX_LENGTH, placeholder=" ...")
    outcome = textwrap.shorten(outcome, _MAX_LENGTH, placeholder=" ...")
    with suppress(OSError):  # standard error may be closed
        line = f"trace: {plugin}: {name}({call}) -> {outcome} in {milliseconds:.1f} ms"
        print(line, file=sys.stderr)


def _short(value: Any) -> str:
    """A value in a few words; for anything large, its class."""
    match value:
        case ComponentSpec():
            return f"{value.kind} {value.name}"
        case list() | tuple():
            return f"[{', '.join(map(_short, value))}]"
        case None | str() | int() | float() | PurePath() | Options():
            return repr(value)
        case _:
            return type(value).__name__

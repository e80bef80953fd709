"""Attributes errors to the plugin whose code raised them, with file and line."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from linecache import getlines
from pathlib import Path
from types import TracebackType
from typing import Any

from ganzoo.errors import ContractError, PluginError, RequestError, is_out_of_memory, place_in

_MAX_LENGTH = 300
"""Characters of an error's message that are shown."""


class PluginCode:
    """A context manager around calls of one component: it raises PluginError for their errors.

    The message names the component, the innermost line of the plugin's code in the traceback (the
    place of the factory if there is none), and the error's class. Errors that are not the plugin's
    fault pass unchanged: RequestError, a lack of memory, requests to stop.
    """

    __slots__ = ("_factory", "_only_own_frames", "what")

    def __init__(
        self, what: str, factory: str | Callable[..., Any], *, only_own_frames: bool = False
    ) -> None:
        self.what = what
        """The component's kind and qualified name: ``"loss my-gan/relativistic"``."""
        self._factory = factory
        self._only_own_frames = only_own_frames

    def only_own_frames(self) -> PluginCode:
        """A copy for code of the core that calls the plugin.

        It raises PluginError only for errors whose traceback has a line of the plugin's code.
        """
        return PluginCode(self.what, self._factory, only_own_frames=True)

    def __enter__(self) -> None:
        """Does nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or not isinstance(error, Exception) or _is_not_its_fault(error):
            return
        line = self._innermost_line(error)
        if line is None and self._only_own_frames and not isinstance(error, ContractError):
            return
        place = self._place_at_fault(error) or line or _place_of(self._factory)
        reason = textwrap.shorten(str(error), _MAX_LENGTH)
        message = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise PluginError(f"{self.what} ({place}): {message}") from error

    def _place_at_fault(self, error: Exception) -> str | None:
        """The place of a ContractError's ``at``, if that is the plugin's code."""
        at = _code_of(error.at) if isinstance(error, ContractError) else None
        is_own = _package_of(at) == _package_of(self._factory)
        return _place_of(at) if is_own else None

    def _innermost_line(self, error: Exception) -> str | None:
        """The innermost line of the plugin's package in the traceback."""
        package = _package_of(self._factory)
        file, _, line = ("" if package == "ganzoo" else place_in(error, package)).rpartition(":")
        return _file_and_line(file, int(line)) if file else None


def _is_not_its_fault(error: Exception) -> bool:
    """Whether the error has a message of its own already, or has an external cause."""
    kinds = (RequestError, PluginError, MemoryError, BrokenPipeError)
    return isinstance(error, kinds) or is_out_of_memory(error)


def _package_of(code: Any) -> str:
    module = code if isinstance(code, str) else getattr(_code_of(code), "__module__", "")
    return str(module).partition(":")[0].partition(".")[0]


def _code_of(value: Any) -> Any:
    """The function or class itself; the function of a partial or method; an object's class."""
    while isinstance(value, functools.partial):
        value = value.func
    value = inspect.unwrap(getattr(value, "__func__", value))
    return value if inspect.isroutine(value) or inspect.isclass(value) else type(value)


def _place_of(code: Any) -> str:
    """``file:line`` of a function, a class or an import string; its name if that is unknown."""
    if isinstance(code, str):
        module, _, names = code.partition(":")
        found: Any = sys.modules.get(module)  # importing it again may raise the same error
        for name in names.split("."):
            found = getattr(found, name, None)
        return code if found is None else _place_of(found)
    code = _code_of(code)
    if hasattr(code, "__code__"):
        return _file_and_line(code.__code__.co_filename, code.__code__.co_firstlineno)
    file = getattr(sys.modules.get(code.__module__), "__file__", None) or ""
    # inspect would parse the file, which Python 3.11 cannot do in two threads at once.
    definition = re.compile(rf"\s*class {re.escape(code.__name__)}\b")
    lines = [n for n, line in enumerate(getlines(file), 1) if definition.match(line)]
    return _file_and_line(file, lines[0]) if lines else f"{code.__module__}.{code.__name__}"


def _file_and_line(file: str, line: int) -> str:
    """``file:line``, relative to the working folder if the file is in it."""
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{line}"

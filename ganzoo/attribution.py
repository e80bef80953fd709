"""Whose code an error came out of, and where in it."""

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

_LONGEST = 300


class PluginCode:
    """The code of one component, as a context: an error that leaves it becomes a PluginError.

    Its line names the component, the innermost line of the plugin's own code that was running
    (or, if none was, where the factory is), and the error's class. What is no fault of the code
    passes: RequestError, a lack of memory, requests to stop.
    """

    __slots__ = ("_factory", "_only_its_frames", "what")

    def __init__(
        self, what: str, factory: str | Callable[..., Any], *, only_its_frames: bool = False
    ) -> None:
        self.what = what
        """The kind and the full name: ``"loss my-gan/relativistic"``."""
        self._factory = factory
        self._only_its_frames = only_its_frames

    def where_it_runs(self) -> PluginCode:
        """The same around code of the core too, for errors with a line of the plugin's alone."""
        return PluginCode(self.what, self._factory, only_its_frames=True)

    def __enter__(self) -> None:
        """Nothing happens unless an error comes."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or not isinstance(error, Exception) or _passes(error):
            return
        line = self._innermost(error)
        if line is None and self._only_its_frames and not isinstance(error, ContractError):
            return
        place = self._named_by(error) or line or _place_of(self._factory)
        reason = textwrap.shorten(str(error), _LONGEST)
        told = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise PluginError(f"{self.what} ({place}): {told}") from error

    def _named_by(self, error: Exception) -> str | None:
        """Where the plugin's code is that does not do what it should."""
        at = _code_of(error.at) if isinstance(error, ContractError) else None
        is_its = _package_of(at) == _package_of(self._factory)
        return _place_of(at) if is_its else None

    def _innermost(self, error: Exception) -> str | None:
        """The last line of the plugin's package that the error passed."""
        package = _package_of(self._factory)
        file, _, line = ("" if package == "ganzoo" else place_in(error, package)).rpartition(":")
        return _written(file, int(line)) if file else None


def _passes(error: Exception) -> bool:
    """Whether it is said in a better way elsewhere, or is nobody's fault."""
    kinds = (RequestError, PluginError, MemoryError, BrokenPipeError)
    return isinstance(error, kinds) or is_out_of_memory(error)


def _package_of(code: Any) -> str:
    module = code if isinstance(code, str) else getattr(_code_of(code), "__module__", "")
    return str(module).partition(":")[0].partition(".")[0]


def _code_of(what: Any) -> Any:
    """The function or class that something is, or is made of."""
    while isinstance(what, functools.partial):
        what = what.func
    what = inspect.unwrap(getattr(what, "__func__", what))
    return what if inspect.isroutine(what) or inspect.isclass(what) else type(what)


def _place_of(code: Any) -> str:
    """File and line of a function, a class or an import string; its name if they are unknown."""
    if isinstance(code, str):
        module, _, names = code.partition(":")
        found: Any = sys.modules.get(module)  # to import it again may be the error
        for name in names.split("."):
            found = getattr(found, name, None)
        return code if found is None else _place_of(found)
    code = _code_of(code)
    if hasattr(code, "__code__"):
        return _written(code.__code__.co_filename, code.__code__.co_firstlineno)
    file = getattr(sys.modules.get(code.__module__), "__file__", None) or ""
    # inspect would parse the file, which Python 3.11 cannot do in two threads at a time.
    begins = re.compile(rf"\s*class {re.escape(code.__name__)}\b")
    lines = [n for n, line in enumerate(getlines(file), 1) if begins.match(line)]
    return _written(file, lines[0]) if lines else f"{code.__module__}.{code.__name__}"


def _written(file: str, line: int) -> str:
    """``file:line``, from the working folder if the file is in it."""
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{line}"

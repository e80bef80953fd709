"""Functions of a plugin that are meant as hooks, and that would be ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import Any


def definition(function: Callable[..., Any] | None) -> str:
    """The place of a function's definition, as ``" (file:line)"``; empty if unknown."""
    code = getattr(function, "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code else ""


def reject_unmarked(module: object, hooks: Iterable[str]) -> None:
    """Raise TypeError for a function with a hook's name and without the decorator hookimpl."""
    for hook in hooks:
        function = getattr(module, hook, None)
        if isinstance(function, FunctionType | MethodType) and not hasattr(function, "ganzoo_impl"):
            raise TypeError(
                f"{hook} is not decorated: write @ganzoo.hookimpl above it{definition(function)}"
            )


def reject_misspelled(module: object, hooks: Iterable[str]) -> None:
    """Raise TypeError for a function with almost a hook's name and without the decorator."""
    import difflib

    hooks = list(hooks)
    for name, function in getattr(module, "__dict__", {}).items():
        close = difflib.get_close_matches(name, hooks, n=1, cutoff=0.85)
        if close and isinstance(function, FunctionType) and not hasattr(function, "ganzoo_impl"):
            raise TypeError(
                f"{name} is not a hook: rename it to {close[0]}, and write @ganzoo.hookimpl above "
                f"it{definition(function)}"
            )

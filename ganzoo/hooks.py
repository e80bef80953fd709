"""Calls the hooks of plugins, and refuses what is not a hook or returns no components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.components import ComponentSpec, plural
from ganzoo.errors import did_you_mean
from ganzoo.plugin_trace import traced


class Hooks:
    """The hooks of the plugins that are loaded; ``names`` are those of all hooks, by kind."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._manager = pluggy.PluginManager("ganzoo")
        self._manager.add_hookspecs(hookspecs)

    def plugin_of(self, module: ModuleType | object) -> str | None:
        """The name of the plugin whose hooks are in this module; ``None`` if it is not loaded."""
        return self._manager.get_name(module)

    def forget(self, plugin: str) -> None:
        """Forget the hooks of a plugin, whose components are not used."""
        self._manager.unregister(name=plugin)

    def declared_by(self, module: ModuleType | object, plugin: str) -> list[ComponentSpec]:
        """The components that a plugin's hooks return, unchecked.

        Raises ValueError or TypeError for wrong hooks and for two components of one kind and name,
        and passes on any error of a hook.
        """
        if self._manager.has_plugin(plugin):
            raise ValueError(
                f"another plugin is already named {plugin!r}: rename one, or uninstall the other"
            )
        if other := self.plugin_of(module):
            raise ValueError(f"its module is also that of the plugin {other}: keep one of the two")
        _reject_unmarked(module, self._names.values())
        try:
            self._manager.register(module, name=plugin)
            self._reject_unknown_hooks(module)
            declared = list(self._call(module, plugin))
            if not declared:
                _reject_misspelled(module, self._names.values())
            _reject_duplicates(declared)
        except BaseException:
            self.forget(plugin)
            raise
        return declared

    def _call(self, module: object, plugin: str) -> Iterator[ComponentSpec]:
        for kind, hook in self._names.items():
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin is module:
                    call = partial(_declared, kind, hook, implementation.function)
                    yield from traced(plugin, hook, call)

    def _reject_unknown_hooks(self, module: object) -> None:
        for caller in self._manager.get_hookcallers(module) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is not module:
                    continue
                if not caller.has_spec() and not implementation.optionalhook:
                    raise TypeError(
                        f"there is no hook named {caller.name!r}"
                        f"{did_you_mean(caller.name, self._names.values())}"
                        f"{definition(implementation.function)}"
                    )
                if implementation.wrapper or implementation.hookwrapper:
                    raise TypeError(f"{caller.name} collects components and cannot be wrapped")


def _declared(kind: str, hook: str, function: Callable[[], Any]) -> list[ComponentSpec]:
    """The components that a hook returns; raises TypeError for anything else."""
    declared = function()
    if not isinstance(declared, Iterable):
        problem = f"{declared!r}, not a list of {plural(kind)}"
        raise TypeError(f"{hook} returned {problem}{definition(function)}")
    components = list(declared)
    for one in components:
        if not isinstance(one, ComponentSpec) or one.kind != kind:
            raise TypeError(f"{hook} returned {one!r}, not a {kind}{definition(function)}")
    return components


def definition(function: Callable[..., Any] | None) -> str:
    """The place of a function's definition, as ``" (file:line)"``; empty if unknown."""
    code = getattr(function, "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code else ""


def _reject_unmarked(module: object, hooks: Iterable[str]) -> None:
    """Raise TypeError for a function with a hook's name and without the decorator hookimpl."""
    for hook in hooks:
        function = getattr(module, hook, None)
        if isinstance(function, FunctionType | MethodType) and not hasattr(function, "ganzoo_impl"):
            raise TypeError(
                f"{hook} is not decorated: write @ganzoo.hookimpl above it{definition(function)}"
            )


def _reject_misspelled(module: object, hooks: Iterable[str]) -> None:
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


def _reject_duplicates(declared: Sequence[ComponentSpec]) -> None:
    seen: set[tuple[str, str]] = set()
    for component in declared:
        key = (component.kind, component.name)
        if key in seen:
            raise ValueError(f"it declares two components of kind {key[0]} named {key[1]!r}")
        seen.add(key)

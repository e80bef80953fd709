"""Checks of a whole plugin, and of one component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ganzoo.components import Component
from ganzoo.registry import Plugin, Registry
from ganzoo.testing.declaration import check_declaration


@contextmanager
def only(module: ModuleType | object, name: str = "under-test") -> Iterator[Registry]:
    """A registry that knows this one plugin and nothing else that is installed."""
    registry = Registry()
    registry.register(module, Plugin(name, name, "0"))
    yield registry


def check_plugin(
    module: ModuleType | object, options: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Check every component that a plugin module offers.

    ``options`` maps a component's name to the options to build it with, such as the path of a
    small dataset; others are built with their defaults.

    Raises AssertionError that names the component and the promise it breaks.
    """
    with only(module) as registry:
        offered = registry.entries()
    assert offered, f"{module} offers no component: is a hook marked with @ganzoo.hookimpl?"
    for entry in offered:
        check(entry.component, **(options or {}).get(entry.component.name, {}))


def check(component: Component, **options: Any) -> None:
    """Check that a component declares itself well and behaves as its kind promises.

    Raises AssertionError that names the component and the promise it breaks.
    """
    check_declaration(component)
    from ganzoo.testing import behaviour

    behaviour.CHECKS[component.kind](component, component.options.model_validate(options))

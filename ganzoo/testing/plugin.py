"""Checks of a whole plugin, and of one component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ganzoo.components import ComponentSpec, Options
from ganzoo.registry import Plugin, Registry
from ganzoo.settings import setting_error
from ganzoo.testing.declaration import check_declaration
from ganzoo.testing.findings import Findings, report


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

    Raises one AssertionError that lists every broken promise with the name of its component.
    """
    name = getattr(module, "__name__", repr(module))
    found = Findings(f"plugin {name}", name)
    offered: list[ComponentSpec] = []
    with found.trying("it cannot be loaded"):
        offered = Registry().declared_by(module, Plugin("under-test", "under-test", "0"))
        found.expect(
            offered, "it offers no component: is a hook of it marked with @ganzoo.hookimpl?"
        )
    given = options or {}
    for unknown in sorted(given.keys() - {component.name for component in offered}):
        found.expect(not offered, f"options are given for {unknown}, which it does not offer")
    lines = found.lines
    for component in offered:
        lines += findings_of(component, given.get(component.name, {}))
    report(lines)


def check(component: ComponentSpec, **options: Any) -> None:
    """Check that a component declares itself well and behaves as its kind promises.

    Raises one AssertionError that lists every broken promise, each with the component's name.
    """
    report(findings_of(component, options))


def findings_of(component: ComponentSpec, options: Mapping[str, Any]) -> list[str]:
    """Every broken promise of a component that is built with these options, one line each."""
    factory = component.factory
    if isinstance(factory, str):
        module = factory.partition(":")[0]
    else:
        module = getattr(factory, "__module__", None) or ""
    found = Findings(f"{component.kind} {component.name}", module)
    if not check_declaration(component, found):
        return found.lines
    with found.trying("it cannot be checked"):
        from ganzoo.testing import behavior

        behavior.CHECKS[component.kind](component, _options(component, options), found)
    return found.lines


def _options(component: ComponentSpec, values: Mapping[str, Any]) -> Options:
    from pydantic import ValidationError

    try:
        return component.options.model_validate(values)
    except ValidationError as error:
        known = component.options.model_fields
        raise setting_error(error, "", known, {}) from error

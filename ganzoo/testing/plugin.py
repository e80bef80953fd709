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
from ganzoo.testing.problems import Problems, raise_problems


@contextmanager
def only(module: ModuleType | object, name: str = "under-test") -> Iterator[Registry]:
    """A registry of this plugin alone, without the installed ones."""
    registry = Registry()
    registry.register(module, Plugin(name, name, "0"))
    yield registry


def check_plugin(
    module: ModuleType | object, options: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Check all components of a plugin module.

    ``options`` are the options to build components with, by component name, such as the path of a
    small dataset. The other components are built with their default options.

    Raises one AssertionError that lists all problems, each with the name of the component.
    """
    name = getattr(module, "__name__", repr(module))
    problems = Problems(f"plugin {name}", name)
    declared: list[ComponentSpec] = []
    with problems.catching("it cannot be loaded"):
        declared = Registry().declared_by(module, Plugin("under-test", "under-test", "0"))
        problems.expect(
            declared, "it has no components: are its hooks decorated with @ganzoo.hookimpl?"
        )
    given = options or {}
    for unknown in sorted(given.keys() - {component.name for component in declared}):
        problems.expect(
            not declared, f"options are given for {unknown}, which is not a component of it"
        )
    lines = problems.lines
    for component in declared:
        lines += problems_of(component, given.get(component.name, {}))
    raise_problems(lines)


def check(component: ComponentSpec, **options: Any) -> None:
    """Check the declaration of a component, and that it does what its kind requires.

    Raises one AssertionError that lists all problems, each with the name of the component.
    """
    raise_problems(problems_of(component, options))


def problems_of(component: ComponentSpec, options: Mapping[str, Any]) -> list[str]:
    """All problems of a component that is built with these options, one line each."""
    factory = component.factory
    if isinstance(factory, str):
        module = factory.partition(":")[0]
    else:
        module = getattr(factory, "__module__", None) or ""
    problems = Problems(f"{component.kind} {component.name}", module)
    if not check_declaration(component, problems):
        return problems.lines
    with problems.catching("it cannot be checked"):
        from ganzoo.testing.checks import CHECKS  # imports torch

        CHECKS[component.kind](component, _options(component, options), problems)
    return problems.lines


def _options(component: ComponentSpec, values: Mapping[str, Any]) -> Options:
    from pydantic import ValidationError

    try:
        return component.options.model_validate(values)
    except ValidationError as error:
        known = component.options.model_fields
        raise setting_error(error, "", known, {}) from error

"""Checks of a whole plugin, and of one component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ganzoo.components import ComponentSpec
from ganzoo.options import Options
from ganzoo.registry import Plugin, Registry
from ganzoo.setting_errors import setting_error
from ganzoo.testing.declaration import check_declaration
from ganzoo.testing.imports import check_import
from ganzoo.testing.problems import Problems, raise_problems


@contextmanager
def only(module: ModuleType | object, name: str = "under-test") -> Iterator[Registry]:
    """A registry of this plugin alone, without the installed ones."""
    registry = Registry()
    registry.register(module, Plugin(name, name, "0"))
    yield registry


def check_plugin(
    module: ModuleType | object,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    allow: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Check the import of a plugin, and all of its components; then train a short run with each.

    ``options`` are the options to build components with, by component name, such as the path of a
    small dataset. The other components are built with their default options. ``allow`` are the
    parameters and modules that need no gradient, by the name of the architecture:
    ``{"my-networks": ["generator.unused"]}``.

    The runs are those of ``check_run``, with tiny components beside the plugin's; they are made if
    there are no other problems. A dataset of more than 1,000 images has none, nor have networks
    of more than 5 million parameters: pass ``options`` that make them small. A method of other
    networks than a generator and a discriminator has one if they belong to an architecture of the
    plugin.

    Raises one AssertionError that lists all problems, each with the name of the component.
    """
    name = getattr(module, "__name__", repr(module))
    problems = Problems(f"plugin {name}", name)
    declared: list[ComponentSpec] = []
    with problems.catching("it cannot be loaded"):
        declared = Registry().hooks.declared_by(module, "under-test")
        problems.expect(
            declared, "it has no components: write a hook, such as ganzoo_losses, that returns some"
        )
    for argument, given in (("options", options or {}), ("allow", allow or {})):
        for unknown in sorted(given.keys() - {component.name for component in declared}):
            problems.expect(
                not declared, f"{argument} are given for {unknown}, which is not a component of it"
            )
    check_import(module, problems)
    lines = problems.lines
    for component in declared:
        lines += _problems_of(
            component,
            (options or {}).get(component.name, {}),
            (allow or {}).get(component.name, ()),
        )
    raise_problems(lines or _problems_in_runs(module, declared, options or {}))


def _problems_in_runs(
    module: ModuleType | object,
    declared: Sequence[ComponentSpec],
    options: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """What short runs with each component find."""
    from ganzoo.testing.component_runs import check_in_run

    lines: list[str] = []
    built = [(each, _options(each, options.get(each.name, {}))) for each in declared]
    for component, values in built:
        check_in_run(component, values, module, built, _new_problems(component, lines))
    return lines


def check(component: ComponentSpec, **options: Any) -> None:
    """Check the declaration of a component, and that it does what its kind requires.

    Raises one AssertionError that lists all problems, each with the name of the component.
    """
    raise_problems(_problems_of(component, options))


def _problems_of(
    component: ComponentSpec, options: Mapping[str, Any], allowed: Sequence[str] = ()
) -> list[str]:
    """All problems of a component that is built with these options, one line each."""
    problems = _new_problems(component, [], allowed)
    if not check_declaration(component, problems):
        return problems.lines
    with problems.catching("it cannot be checked"):
        from ganzoo.testing.checks import CHECKS  # imports torch

        CHECKS[component.kind](component, _options(component, options), problems)
    return problems.lines


def _new_problems(
    component: ComponentSpec, lines: list[str], allowed: Sequence[str] = ()
) -> Problems:
    factory = component.factory
    if isinstance(factory, str):
        module = factory.partition(":")[0]
    else:
        module = getattr(factory, "__module__", None) or ""
    return Problems(f"{component.kind} {component.name}", module, lines, allowed)


def _options(component: ComponentSpec, values: Mapping[str, Any]) -> Options:
    from pydantic import ValidationError

    try:
        return component.options.model_validate(values)
    except ValidationError as error:
        known = component.options.model_fields
        raise setting_error(error, "", known, {}) from error

"""Which names a new plugin may have, and the names that follow from its own."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.registry import PYTHON_OBJECTS, Registry

_FORM = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 24
"""With longer names, lines of the templates would be longer than 100 characters."""


class PluginNames:
    """The names in a new plugin: of its distribution, package and classes."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.distribution = f"ganzoo-{name}"
        self.package = f"ganzoo_{name.replace('-', '_')}"
        self.stem = "".join(word.capitalize() for word in name.split("-"))
        self.class_name = f"{self.stem.removesuffix(kind.capitalize())}{kind.capitalize()}"

    @property
    def classes(self) -> set[str]:
        """The names of classes that templates make of it."""
        return {self.class_name, f"{self.stem}Generator", f"{self.stem}Discriminator"}


def check_name(name: str, component_kind: str, names: PluginNames) -> None:
    """Raise RequestError unless a new plugin and its component can have this name."""
    if not _FORM.fullmatch(name):
        raise RequestError(
            f"the name {name!r} is not lower-case-with-hyphens: write letters, digits and single "
            "hyphens, a letter first, such as my-loss"
        )
    if len(name) > _LONGEST:
        raise RequestError(f"the name {name} is longer than {_LONGEST} characters: shorten it")
    remedy = f"choose another, such as my-{name}"
    if name.replace("-", "_") in sys.stdlib_module_names:
        raise RequestError(f"the name {name} is that of a module of Python: {remedy}")
    if name == PYTHON_OBJECTS.name or names.classes & set(ganzoo.__all__):
        raise RequestError(f"the name {name} has another meaning in ganzoo: {remedy}")
    if taken := _installed(component_kind, names):
        raise RequestError(f"{taken} is installed already: {remedy}")


def _installed(kind: str, names: PluginNames) -> str:
    """What is installed under one of these names, in words; empty if nothing is."""
    if names.name in entry_points(group="ganzoo").names:
        return f"the plugin {names.name}"
    with suppress(PackageNotFoundError):
        distribution(names.distribution)
        return f"the package {names.distribution}"
    if find_spec(names.package):
        return f"the Python module {names.package}"
    found = [e for e in Registry.discover().entries(kind) if e.component.name == names.name]
    return f"the {kind} {found[0].qualified_name}" if found else ""

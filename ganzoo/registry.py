"""Which plugins are installed, what each offers, and which of them failed to load."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ganzoo.attribution import PluginCode
from ganzoo.components import ComponentSpec, plural
from ganzoo.errors import RequestError, Stopped, UnknownName, did_you_mean, place_in
from ganzoo.hooks import Hooks, definition
from ganzoo.options import Options
from ganzoo.plugin_file import entry_point_of, import_file, load_module
from ganzoo.plugin_trace import traced
from ganzoo.setting_types import split_names

KINDS = {
    "dataset": "ganzoo_datasets",
    "architecture": "ganzoo_architectures",
    "loss": "ganzoo_losses",
    "regularizer": "ganzoo_regularizers",
    "augmentation": "ganzoo_augmentations",
    "metric": "ganzoo_metrics",
    "extractor": "ganzoo_extractors",
    "recipe": "ganzoo_recipes",
    "observer": "ganzoo_observers",
    "command": "ganzoo_commands",
}
"""The kinds of components, and the hook of each."""

SLOW_IMPORT = 1.0
"""Seconds from which on the import of a plugin is slow: every command waits for it."""


_LOCAL = "local: "


class Plugin(NamedTuple):
    """A plugin, and the distribution or the local file that it comes from."""

    name: str
    distribution: str
    """The package, or ``local:`` and the path of a file that is not installed."""
    version: str

    @property
    def file(self) -> str:
        """The path of the file that is not installed; empty for a plugin in a package."""
        is_local = self.distribution.startswith(_LOCAL)
        return self.distribution.removeprefix(_LOCAL) if is_local else ""

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})".replace(" )", ")")


PYTHON_OBJECTS = Plugin("python", "objects of a program", "")
"""The plugin of components that are passed as Python objects; no installed one has this name."""


class Entry(NamedTuple):
    """A component and its plugin."""

    component: ComponentSpec
    plugin: Plugin

    @property
    def qualified_name(self) -> str:
        """``plugin/component``, which is unique in its kind."""
        return f"{self.plugin.name}/{self.component.name}"

    @property
    def code(self) -> PluginCode:
        """A context manager that raises PluginError for errors of this component's code."""
        return PluginCode(f"{self.component.kind} {self.qualified_name}", self.component.factory)

    def build(self, options: Options, **context: Any) -> Any:
        """The object that the factory returns for these options; its structure is checked.

        Raises RequestError if the factory refuses the options, and PluginError if it fails or
        returns something wrong.
        """
        with self.code:
            name = f"{self.component.kind} {self.component.name}"
            built = traced(self.plugin.name, name, self.component.build, options, **context)
            from ganzoo.structure import require_structure  # imports torch

            require_structure(self.component.kind, built, self.code)
        return built


class Failure(NamedTuple):
    """A plugin that could not be loaded, and the error."""

    plugin: Plugin
    error: BaseException
    place: str = ""
    """``file:line`` in the plugin's code, or its file if no line is known."""

    @property
    def reason(self) -> str:
        """The error's class, message and place, in one line."""
        where = f" ({self.place})" if self.place else ""
        return " ".join(f"{type(self.error).__name__}: {self.error}{where}".split())


class Registry:
    """The components of all plugins that could be loaded, and the failures of the others."""

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.failures: list[Failure] = []
        self.disabled: list[Plugin] = []
        self.import_seconds: dict[str, float] = {}
        """The import time of each plugin, by name; also of one whose import failed."""
        self.torch_importers: set[str] = set()
        """The names of plugins that imported torch, which no plugin before them had."""
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        self.hooks = Hooks(KINDS)

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"Registry({len(self.plugins)} plugins, {len(self.entries())} components{failed})"

    @classmethod
    def discover(cls, without: Iterable[str] = (), files: Sequence[Path] = ()) -> Registry:
        """Load every plugin of the entry-point group ``ganzoo``, then these local files.

        Plugins named in ``without`` or in the environment variable ``GANZOO_DISABLE_PLUGINS``
        (separated by commas) are not imported.

        Raises UnknownName if such a plugin is not installed, and RequestError if a file is
        missing. A plugin that fails is recorded; with ``GANZOO_STRICT_PLUGINS=1`` it raises
        RequestError.
        """
        registry = cls()
        installed = sorted(entry_points(group="ganzoo"), key=lambda point: point.name)
        unwanted = {*without, *split_names(os.environ.get("GANZOO_DISABLE_PLUGINS", ""))}
        names = [point.name for point in installed]
        for name in sorted(unwanted - set(names)):
            raise UnknownName(
                f"cannot disable the plugin {name}: it is not installed"
                f"{did_you_mean(name, names) or '; `ganzoo plugins` lists all plugins'}"
            )
        for point in installed:
            if point.name in unwanted:
                registry.disabled.append(_plugin_of(point))
            else:
                registry.load(point)
        for file in files:
            registry.load(entry_point_of(file), from_file=file)
        return registry

    def load(self, point: EntryPoint, from_file: Path | None = None) -> None:
        """Import and register one plugin; an error is recorded in ``failures``."""
        plugin = _plugin_of(point, from_file)
        try:
            with redirect_stdout(sys.stderr):  # what it prints is not the result of a command
                with self._observed_import(plugin):
                    module = (
                        import_file(point.value, from_file) if from_file else load_module(point)
                    )
                self.register(module, plugin)
        except (KeyboardInterrupt, Stopped):
            raise
        except BaseException as error:  # a plugin may raise anything, SystemExit included
            failure = Failure(plugin, error, _place_of(error, point.value.partition(":")[0]))
            if os.environ.get("GANZOO_STRICT_PLUGINS") == "1":
                message = f"the plugin {plugin} cannot be used: {failure.reason}"
                raise RequestError(message) from error
            self.failures.append(failure)

    @contextmanager
    def _observed_import(self, plugin: Plugin) -> Iterator[None]:
        """Record how long an import takes, and whether torch was imported by it."""
        start, had_torch = time.perf_counter(), "torch" in sys.modules
        try:
            yield
        finally:
            self.import_seconds[plugin.name] = time.perf_counter() - start
            if not had_torch and "torch" in sys.modules:
                self.torch_importers.add(plugin.name)

    def register(self, module: ModuleType | object, plugin: Plugin) -> None:
        """Add the components of one plugin; if anything fails, none of them.

        Raises ValueError or TypeError for wrong declarations, listing all faults, and passes on
        any error of a hook.
        """
        if plugin.name == PYTHON_OBJECTS.name:
            raise ValueError(f"the plugin name {plugin.name} is reserved for Python objects")
        declared = self.hooks.declared_by(module, plugin.name)
        faults = [
            f"{each.kind} {each.name}: {fault}{definition(hook)}"
            for each in declared
            for hook in [getattr(module, KINDS[each.kind], None)]
            for fault in each.faults()
        ]
        if faults:
            self.hooks.forget(plugin.name)
            raise ValueError("; ".join(faults))
        self.add_components(declared, plugin)

    def add_components(self, components: Iterable[ComponentSpec], plugin: Plugin) -> None:
        """Add a plugin and these components of it, unchecked."""
        self.plugins.append(plugin)
        for component in components:
            self._entries[component.kind].append(Entry(component, plugin))

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All components of a kind, or of all kinds in the order of ``KINDS``, sorted by name."""
        kinds = [kind] if kind else list(KINDS)
        return [
            entry
            for kind in kinds
            for entry in sorted(
                self._entries[kind], key=lambda e: (e.component.name, e.plugin.name)
            )
        ]

    def by_name(self, kind: str) -> dict[str, Entry]:
        """The components of a kind by name; by qualified name where several have the same."""
        entries = self.entries(kind)
        counts = Counter(entry.component.name for entry in entries)
        return {
            each.component.name if counts[each.component.name] == 1 else each.qualified_name: each
            for each in entries
        }

    def find(self, kind: str, name: str) -> Entry:
        """The component of this name, which may be qualified: ``plugin/name``.

        Raises UnknownName if no component or more than one has the name.
        """
        matches = [e for e in self._entries[kind] if name in (e.component.name, e.qualified_name)]
        match matches:
            case [entry]:
                return entry
            case []:
                raise UnknownName(self._unknown_message(kind, name))
            case _:
                choices = " or ".join(sorted(e.qualified_name for e in matches))
                raise UnknownName(f"{kind} {name} is ambiguous: write {choices}")

    def _unknown_message(self, kind: str, name: str) -> str:
        known = [entry.component.name for entry in self._entries[kind]]
        message = f"there is no {kind} called {name}"
        for other in (e for e in self.entries() if e.component.name == name):
            other_kind = other.component.kind
            usage = f": --recipe {name}" if other_kind == "recipe" else ""
            message += f" (but there is the {other_kind} {name}{usage})"
        message += did_you_mean(name, known) or f"; `ganzoo list {plural(kind)}` lists all"
        if self.disabled:
            message += f" (disabled: {', '.join(plugin.name for plugin in self.disabled)})"
        if empty := {*self.plugins} - {entry.plugin for entry in self.entries()}:
            message += f" (without components: {', '.join(sorted(map(str, empty)))})"
        if self.failures:
            failed = ", ".join(str(failure.plugin) for failure in self.failures)
            message += f" (failed to load: {failed}; see `ganzoo plugins`)"
        return message


def _plugin_of(point: EntryPoint, file: Path | None = None) -> Plugin:
    if file:
        return Plugin(point.name, f"{_LOCAL}{file.resolve()}", "")
    metadata = _metadata(point.dist) if point.dist else {}
    return Plugin(point.name, metadata.get("Name") or "unknown", metadata.get("Version") or "")


@cache
def _metadata(distribution: Distribution) -> Any:
    """The metadata of a package, parsed once for all its plugins; empty in a damaged package."""
    return distribution.metadata or {}


def _place_of(error: BaseException, module: str) -> str:
    """``file:line`` in the plugin's code; else its file, unless the message contains that."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return place_in(error, module) or ("" if file in str(error) else file)

"""What is installed in ganzoo's Python environment, and what an installation changed there.

A new process reads it: one that ran before an installation would not see all of it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import typer

from ganzoo.cli.package_installer import installer_command
from ganzoo.cli.plugin_facts import PluginFacts, plugin_facts
from ganzoo.cli.plugin_requirements import origin_of
from ganzoo.cli.table import table

_READ = "from ganzoo.cli.environment import print_environment; print_environment()"


class Package(NamedTuple):
    """An installed package."""

    name: str
    version: str
    requested: bool
    """Whether somebody asked for it; otherwise another package needs it."""
    origin: str
    """The URL or folder it was installed from; empty if it came from an index."""


class Environment(NamedTuple):
    """The packages and plugins of a Python environment at one moment."""

    packages: Mapping[str, Package]
    """By normalized name."""
    plugins: Sequence[PluginFacts]

    @classmethod
    def read(cls) -> Self:
        """The present state; raises RuntimeError if ganzoo does not start any more."""
        # Disabled plugins count, and one that was disabled may have been uninstalled.
        changed = ("GANZOO_DISABLE_PLUGINS", "GANZOO_STRICT_PLUGINS", "GANZOO_TRACE_PLUGINS")
        done = subprocess.run(  # noqa: S603 - this Python
            [sys.executable, "-P", "-c", _READ],
            env={key: value for key, value in os.environ.items() if key not in changed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise RuntimeError((done.stderr.splitlines() or ["no error message"])[-1])
        found = json.loads(done.stdout)
        packages = {key: Package(*values) for key, values in found["packages"].items()}
        return cls(packages, [PluginFacts.from_json(facts) for facts in found["plugins"]])

    @classmethod
    def read_after_change(cls) -> Self:
        """The state after an installation; ends the command if ganzoo does not start any more."""
        try:
            return cls.read()
        except RuntimeError as error:
            check = shlex.join(installer_command("check"))
            reason = f"ganzoo does not start any more: {error}; `{check}` shows what does not fit"
            print("error:", reason, file=sys.stderr)
            raise typer.Exit(1) from error

    def of_package(self, name: str) -> list[PluginFacts]:
        """The plugins in this package."""
        return [each for each in self.plugins if normalized(each.distribution) == normalized(name)]


def added_components(before: Environment, after: Environment) -> Iterator[str]:
    """A table of the components that only ``after`` has; nothing if there are none."""
    present = {(plugin.name, *one[:2]) for plugin in before.plugins for one in plugin.components}
    names = Counter(one[:2] for plugin in after.plugins for one in plugin.components)
    rows = [
        # A name that several plugins have is an error until it is qualified.
        (kind, name if names[kind, name] == 1 else f"{plugin.name}/{name}", plugin.package, summary)
        for plugin in after.plugins
        for kind, name, summary in plugin.components
        if (plugin.name, kind, name) not in present
    ]
    yield from table([("kind", "name", "package", "summary"), *rows]) if rows else ()


def new_problems(before: Environment, after: Environment) -> list[str]:
    """One line for each plugin that is broken or slow, and is new or was neither before."""
    return [
        f"warning: the plugin {plugin.name} ({plugin.package}): {plugin.problem}"
        for plugin in changed_plugins(before, after)
        if plugin.problem
    ]


def changed_plugins(before: Environment, after: Environment) -> list[PluginFacts]:
    """The plugins that are new, have another version, or load differently than before."""
    known = {(plugin.name, plugin.package, plugin.status) for plugin in before.plugins}
    return [p for p in after.plugins if (p.name, p.package, p.status) not in known]


def normalized(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def print_environment() -> None:
    """Print the packages and plugins as JSON; what plugins print goes to standard error."""
    from ganzoo.registry import Registry

    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    plugins = [facts.as_json() for facts in plugin_facts(Registry.discover())]
    json.dump({"packages": dict(_packages()), "plugins": plugins}, output)
    output.close()


def _packages() -> Iterator[tuple[str, Package]]:
    from importlib.metadata import distributions

    seen = set()
    for found in distributions():
        name: Any = found.metadata["Name"]
        if name and normalized(name) not in seen:  # the first of a name is the one in use
            seen.add(normalized(name))
            origin = str(origin_of(found).get("url", ""))
            requested = found.read_text("REQUESTED") is not None
            yield normalized(name), Package(name, found.version, requested, origin)

"""What an installation changed: the components that came and went, and new problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.cli.environment import Environment
    from ganzoo.cli.plugin_facts import PluginFacts


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

"""``ganzoo plugins``: the installed plugins and whether they load."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin

if TYPE_CHECKING:
    from ganzoo.cli.plugin_facts import PluginFacts

Requirements = Annotated[
    bool,
    typer.Option(
        "--requirements",
        help="Print the plugins' packages, as lines for `ganzoo install -r FILE`.",
    ),
]


def plugins(
    as_json: Json = False,
    requirements: Requirements = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """List all installed plugins, including those that failed to load or are disabled.

    The table has the package, the components and the import time of each. A line below it says
    what to do about a plugin that is broken or slow.

    To disable a plugin use `--disable-plugin NAME`, or the environment variable
    `GANZOO_DISABLE_PLUGINS=NAME,NAME`.

    Examples: `ganzoo plugins`, `ganzoo plugins --json`, `ganzoo plugins --requirements`,
    `ganzoo plugins --plugin my_gan.py`.
    """
    from ganzoo.cli.plugin_facts import plugin_facts
    from ganzoo.cli.plugin_requirements import requirement_lines
    from ganzoo.cli.table import table
    from ganzoo.registry import Registry

    if as_json and requirements:
        raise typer.BadParameter("choose one of --json and --requirements")
    found = plugin_facts(Registry.discover(disable_plugin or (), plugin or ()))
    if as_json:
        print(json.dumps([facts.as_json() for facts in found], indent=2))
    elif requirements:
        for line in requirement_lines(found):
            print(line)
    else:
        problems = [f"{facts.name}: {facts.problem}" for facts in found if facts.problem]
        print(*table(list(_rows(found))), *([""] if problems else []), *problems, sep="\n")


def _rows(found: Sequence[PluginFacts]) -> Iterator[Sequence[str]]:
    yield "plugin", "package", "version", "offers", "status", "import", "torch"
    for facts in found:
        seconds = facts.import_seconds
        yield (
            facts.name,
            facts.distribution,
            facts.version,
            facts.offer,
            "failed" if facts.failed else facts.status,
            "" if seconds is None else f"{1000 * seconds:.0f} ms",
            "imported" if facts.imports_torch else "",
        )

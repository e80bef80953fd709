"""``ganzoo data``: commands for images, without a run."""

from __future__ import annotations

import typer

from ganzoo.cli.data import cache, inspect, pack
from ganzoo.cli.plugin_group import PluginGroup

app = typer.Typer(
    cls=PluginGroup, help="Inspect, download and pack datasets, and manage the cache folder."
)
app.command("inspect")(inspect.inspect)
app.command("pack")(pack.pack)
app.add_typer(cache.app, name="cache")

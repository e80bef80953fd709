"""``ganzoo data``: commands for images, without a run."""

from __future__ import annotations

import typer

from ganzoo.cli.data import cache, fetch, inspect, pack

app = typer.Typer(help="Inspect, download and pack datasets, and manage the cache folder.")
app.command("inspect")(inspect.inspect)
app.command("fetch")(fetch.fetch)
app.command("pack")(pack.pack)
app.add_typer(cache.app, name="cache")

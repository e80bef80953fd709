"""``ganzoo data``: images before a run."""

from __future__ import annotations

import typer

from ganzoo.cli.data import cache, fetch, inspect, pack

app = typer.Typer(help="Look at images, fetch them, pack them into one file.")
app.command("inspect")(inspect.inspect)
app.command("fetch")(fetch.fetch)
app.command("pack")(pack.pack)
app.add_typer(cache.app, name="cache")

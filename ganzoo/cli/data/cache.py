"""``ganzoo data cache``: list and delete the files in the cache folder."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated

import typer

from ganzoo.cli.data.cache_entries import DAY, KINDS, cache_entries, other_files
from ganzoo.cli.data.cache_table import entry_table, plain_entries
from ganzoo.cli.options import Json
from ganzoo.errors import RequestError

app = typer.Typer(invoke_without_command=True)


@app.callback()
def cache(context: typer.Context, as_json: Json = False) -> None:
    """List or delete the files in the cache folder.

    The cache has downloads, prepared images, features and baselines of real
    images, fingerprints of files, indexes of tar files, parts of remote files,
    timings of training steps, and the commands of plugins; ganzoo recreates them
    when they are needed.
    The environment variable `GANZOO_CACHE` sets another folder.

    Examples:
    - `ganzoo data cache`
    - `ganzoo data cache list --json`
    - `ganzoo data cache clear --prepared --older-than 30`

    """
    if context.invoked_subcommand is None:
        list_entries(as_json)


@app.command("list")
def list_entries(as_json: Json = False) -> None:
    """List the contents of the cache folder with their size and the date of their last use.

    Examples: `ganzoo data cache list`, `ganzoo data cache list --json`.
    """
    from rich.filesize import decimal

    from ganzoo.folders import cache_folder

    root = cache_folder()
    entries = list(cache_entries(root))
    others = other_files(root, entries)
    if as_json:
        print(json.dumps(plain_entries(root, entries, others), indent=2))
        return
    print(*entry_table(root, entries), sep="\n")
    print(f"total: {decimal(sum(entry.bytes for entry in entries))} in {root}")
    if others:
        size = decimal(sum(state.st_size for state in others.values()))
        print(f"{len(others):,} other files ({size}) were not written by ganzoo; it keeps them")


Prepared = Annotated[bool, typer.Option("--prepared", help="Delete prepared images.")]
Downloads = Annotated[bool, typer.Option("--downloads", help="Delete downloads.")]
Remote = Annotated[bool, typer.Option("--remote", help="Delete parts of remote files.")]
Everything = Annotated[bool, typer.Option("--all", help="Delete everything that ganzoo wrote.")]
OlderThan = Annotated[
    float,
    typer.Option(
        metavar="DAYS", min=0, help="Delete only what was not used in the last DAYS days."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Delete without asking.")]


@app.command("clear")
def clear(
    prepared: Prepared = False,
    downloads: Downloads = False,
    remote: Remote = False,
    everything: Everything = False,
    older_than: OlderThan = 0,
    yes: Yes = False,
) -> None:
    """Delete files in the cache folder; ganzoo recreates them when they are needed.

    Unfinished files that are older than a day, from processes that were killed,
    are deleted, too.

    Examples:
    - `ganzoo data cache clear --prepared`
    - `ganzoo data cache clear --all --older-than 30 --yes`

    """
    from rich.filesize import decimal

    from ganzoo.folders import cache_folder

    chosen = {"prepared": prepared, "download": downloads, "remote": remote}
    kinds = KINDS if everything else [kind for kind, flag in chosen.items() if flag]
    if not kinds:
        raise RequestError("choose what to delete: add --prepared, --downloads, --remote or --all")
    root, latest = cache_folder(), time.time() - older_than * DAY
    selected = [
        entry
        for entry in cache_entries(root)
        if (entry.kind in kinds and entry.used <= latest) or entry.is_stale()
    ]
    if not selected:
        print("there is nothing to delete")
        return
    print(*entry_table(root, selected), sep="\n")
    size = decimal(sum(entry.bytes for entry in selected))
    if not yes and not sys.stdin.isatty():
        raise RequestError(f"not in a terminal, so cannot ask: add --yes to delete these {size}")
    if yes or typer.confirm(f"delete these {size}?"):
        for entry in selected:
            entry.delete()
        print(f"deleted {size}")

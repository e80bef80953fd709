"""``ganzoo data fetch``: images from a list of addresses."""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.exit import STOPPED
from ganzoo.cli.options import Json
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganzoo.fetching.fetcher import Report

_LIST = "What the list calls it"
_LIMITS = "Limits"
_MOST_NAMED = 10


def fetch(
    addresses: Annotated[
        Path,
        typer.Argument(metavar="LIST", help="JSON, JSON lines, CSV, or an address in each line."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the images go: a new folder, or begun.")
    ],
    address: Annotated[
        str, typer.Option(metavar="KEY", help="The address of an image.", rich_help_panel=_LIST)
    ] = "url",
    description: Annotated[
        str, typer.Option(metavar="KEY", help="What it shows, in words.", rich_help_panel=_LIST)
    ] = "description",
    label: Annotated[
        str | None, typer.Option(metavar="KEY", help="Its class.", rich_help_panel=_LIST)
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=256, help="Images at once.", rich_help_panel=_LIMITS)
    ] = 8,
    per_host: Annotated[
        int, typer.Option(min=1, max=64, help="Of them, from one host.", rich_help_panel=_LIMITS)
    ] = 2,
    retries: Annotated[
        int,
        typer.Option(
            min=0, max=20, help="How often what may pass is tried again.", rich_help_panel=_LIMITS
        ),
    ] = 3,
    max_bytes: Annotated[
        int, typer.Option(min=1, help="The largest image.", rich_help_panel=_LIMITS)
    ] = 32 * 2**20,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds for one try of an image.", rich_help_panel=_LIMITS),
    ] = 60.0,
    max_failures: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="The share that may fail with status 0.", rich_help_panel=_LIMITS
        ),
    ] = 1.0,
    allow_private: Annotated[
        bool,
        typer.Option(
            "--allow-private",
            help="Ask addresses of your own machine and network, too.",
            rich_help_panel=_LIMITS,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch the images of a list of addresses into a folder to train on.

    Stopped or killed, the same command goes on; what failed in passing is tried again.

    Examples:
    - `ganzoo data fetch addresses.txt --out images`
    - `ganzoo data fetch flowers.csv --out flowers --description caption --label species`
    - `ganzoo train image-folder dcgan hinge dataset.path=flowers`

    """
    from ganzoo.fetching import fetcher
    from ganzoo.fetching.lists import Keys, read_list
    from ganzoo.fetching.transfer import Limits

    # Pillow's remarks on images that it can read all the same.
    warnings.filterwarnings("ignore", module="PIL")
    entries, malformed = read_list(addresses, Keys(address, description, label))
    _name(malformed)
    limits = Limits(
        jobs=jobs,
        per_host=per_host,
        retries=retries,
        max_bytes=max_bytes,
        timeout=timeout,
        allow_private=allow_private,
    )
    with _Progress() as progress:
        report = fetcher.fetch(
            entries, out, limits, labeled=label is not None, watch=progress.update
        )
    _show(report, len(malformed), out, as_json)
    _leave(report, len(malformed), max_failures)


def _name(malformed: Sequence[str]) -> None:
    """Say which entries of the list are left out, on standard error."""
    if not malformed:
        return
    print(f"malformed entries, which are left out: {len(malformed)}", file=sys.stderr)
    for line in malformed[:_MOST_NAMED]:
        print(f"  {line}", file=sys.stderr)
    if len(malformed) > _MOST_NAMED:
        print(f"  and {len(malformed) - _MOST_NAMED} more", file=sys.stderr)


def _show(report: Report, malformed: int, folder: Path, as_json: bool) -> None:
    from ganzoo.fetching.tables import FAILURES, IMAGES

    if as_json:
        places = {"images": str(folder / IMAGES), "failures": str(folder / FAILURES)}
        print(json.dumps({**asdict(report), "malformed": malformed, **places}, indent=2))
        return
    not_yet = f", {report.not_yet} not yet tried" if report.not_yet else ""
    print(f"{report.fetched} fetched, {report.already_there} there before, ", end="")
    left_out = f", {malformed} malformed" if malformed else ""
    print(f"{report.failed} failed{left_out}{not_yet}")
    if report.failed:
        rows = [(reason, str(count)) for reason, count in report.reasons.items()]
        print(*table([("reason", "images"), *rows]), f"{folder / FAILURES}", sep="\n")
    print(folder / IMAGES)


def _leave(report: Report, malformed: int, max_failures: float) -> None:
    if report.stopped:
        print("stopped; the same command goes on", file=sys.stderr)
        raise typer.Exit(STOPPED)
    there = report.fetched + report.already_there
    failed = report.failed + malformed
    if not there or failed > max_failures * (there + failed):
        raise typer.Exit(1)


class _Progress:
    """A bar of images with rate and time left in a terminal; a line now and then into a pipe."""

    _SECONDS = 10.0
    """Between two lines."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        from ganzoo.observers.console import StandardError

        self._console = StandardError()
        self._bar = Progress(
            TextColumn("image"),
            MofNCompleteColumn(),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[rate]:.1f}/s"),
            TimeRemainingColumn(),
            TextColumn("left  {task.fields[failed]} failed"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, rate=0.0, failed=0)
        self._start = self._said = time.monotonic()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int, failed: int) -> None:
        """Show how far it is."""
        if done == 0:
            self._bar.start()
        now = time.monotonic()
        rate = done / max(now - self._start, 1e-9)
        self._bar.update(self._task, completed=done, total=total, rate=rate, failed=failed)
        if self._console.is_terminal:
            return
        if done == 0:
            self._console.print(f"fetching {total} images")
        elif now - self._said >= self._SECONDS:
            self._said = now
            self._console.print(f"{done}/{total} images  {rate:.1f}/s  {failed} failed")

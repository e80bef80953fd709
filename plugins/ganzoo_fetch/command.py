"""``ganzoo data fetch``: download images from a list of URLs."""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo import require_package, show_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganzoo_fetch.fetcher import Report

_STOPPED = 75
"""The exit status of work that can be resumed (EX_TEMPFAIL)."""
_MAX_LISTED = 10

_of_list = partial(
    typer.Option,
    metavar="KEY",
    rich_help_panel="Keys of JSON objects or columns of CSV files in LIST",
)
_limit = partial(typer.Option, rich_help_panel="Limits")

ImageList = Annotated[
    Path,
    typer.Argument(
        metavar="LIST",
        help="A list of image URLs: a JSON, JSON lines or CSV file, or text with one per line.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FOLDER",
        help="The folder for the images: a new one, or one of an earlier call to resume.",
    ),
]
AddressKey = Annotated[str, _of_list(help="The URL of an image.")]
DescriptionKey = Annotated[str, _of_list(help="A text about the image.")]
LabelKey = Annotated[str | None, _of_list(help="The name of the image's class.")]
Jobs = Annotated[int, _limit(min=1, max=256, help="Number of parallel downloads.")]
PerHost = Annotated[int, _limit(min=1, max=64, help="Number of parallel downloads per host.")]
Retries = Annotated[int, _limit(min=0, max=20, help="Number of retries after temporary errors.")]
MaxBytes = Annotated[int, _limit(min=1, help="Largest size of an image file.")]
Timeout = Annotated[float, _limit(min=0.1, help="Seconds for each attempt to download an image.")]
MaxFailures = Annotated[
    float,
    _limit(min=0, max=1, help="Exit with status 1 if more than this fraction of the images fails."),
]
AllowPrivate = Annotated[
    bool,
    _limit("--allow-private", help="Also download from this machine and from private networks."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fetch(
    addresses: ImageList,
    out: Out,
    address: AddressKey = "url",
    description: DescriptionKey = "description",
    label: LabelKey = None,
    jobs: Jobs = 8,
    per_host: PerHost = 2,
    retries: Retries = 3,
    max_bytes: MaxBytes = 32 * 2**20,
    timeout: Timeout = 60.0,
    max_failures: MaxFailures = 1.0,
    allow_private: AllowPrivate = False,
    as_json: Json = False,
) -> None:
    """Download the images of a list of URLs into a folder that `image-folder` can read.

    If it was stopped or killed, the same command resumes. It retries temporary
    errors.

    Examples:
    - `ganzoo data fetch addresses.txt --out images`
    - `ganzoo data fetch flowers.csv --out flowers --description caption --label species`
    - `ganzoo train image-folder dcgan hinge dataset.path=flowers`

    """
    require_package("httpx", "ganzoo data fetch", "ganzoo-toolkit[fetch]")
    from ganzoo_fetch import fetcher
    from ganzoo_fetch.lists import Keys, read_list
    from ganzoo_fetch.transfer import Limits

    # Pillow warns about odd images, even if it can read them.
    warnings.filterwarnings("ignore", module="PIL")
    entries, malformed = read_list(addresses, Keys(address, description, label))
    _print_malformed(malformed)
    limits = Limits(
        jobs=jobs,
        per_host=per_host,
        retries=retries,
        max_bytes=max_bytes,
        timeout=timeout,
        allow_private=allow_private,
    )
    start = time.monotonic()
    with show_progress("image", "fetching {:,} images") as progress:

        def watch(done: int, total: int, failed: int) -> None:
            rate = done / max(time.monotonic() - start, 1e-9)
            progress(done, total, f"{rate:.1f}/s  {failed} failed")

        report = fetcher.fetch(entries, out, limits, labeled=label is not None, watch=watch)
    _print_report(report, len(malformed), out, as_json)
    _exit(report, len(malformed), max_failures)


def _print_malformed(malformed: Sequence[str]) -> None:
    """Print the skipped entries of the list on standard error."""
    if not malformed:
        return
    print(f"skipped malformed entries: {len(malformed)}", file=sys.stderr)
    for line in malformed[:_MAX_LISTED]:
        print(f"  {line}", file=sys.stderr)
    if len(malformed) > _MAX_LISTED:
        print(f"  and {len(malformed) - _MAX_LISTED} more", file=sys.stderr)


def _print_report(report: Report, malformed: int, folder: Path, as_json: bool) -> None:
    from ganzoo_fetch.tables import FAILURES, IMAGES

    if as_json:
        files = {"images": str(folder / IMAGES), "failures": str(folder / FAILURES)}
        print(json.dumps({**asdict(report), "malformed": malformed, **files}, indent=2))
        return
    skipped = f", {malformed} malformed" if malformed else ""
    not_yet = f", {report.not_yet} not tried yet" if report.not_yet else ""
    counts = f"{report.fetched} fetched, {report.already_there} fetched before"
    print(f"{counts}, {report.failed} failed{skipped}{not_yet}")
    if report.failed:
        width = max(map(len, ["reason", *report.reasons]))
        rows = [f"{reason:{width}}  {count}" for reason, count in report.reasons.items()]
        print(f"{'reason':{width}}  images", *rows, folder / FAILURES, sep="\n")
    print(folder / IMAGES)


def _exit(report: Report, malformed: int, max_failures: float) -> None:
    """Raise typer.Exit with a status, unless everything is fine."""
    if report.stopped:
        print("stopped; run the same command again to resume", file=sys.stderr)
        raise typer.Exit(_STOPPED)
    succeeded = report.fetched + report.already_there
    failed = report.failed + malformed
    if not succeeded or failed > max_failures * (succeeded + failed):
        raise typer.Exit(1)

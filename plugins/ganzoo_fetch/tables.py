"""Tables of the images in a folder and of the URLs that failed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo import write_atomically
from ganzoo_fetch.fetch_log import FetchLog
from ganzoo_fetch.lists import Entry

IMAGES = "images.csv"
FAILURES = "failures.csv"


def write_tables(log: FetchLog, entries: Sequence[Entry], labeled: bool) -> None:
    """Write both tables into the folder of the log, in the order of the list.

    The table of images has a row for each entry whose image is in the folder; the table of
    failures has a row for each URL.
    """
    images = [["file", *Entry._fields] if labeled else ["file", *Entry._fields[:2]]]
    failures = {}
    for entry in entries:
        if outcome := log.outcome(entry.address):
            if outcome.file:
                images.append([outcome.file, *(entry if labeled else entry[:2])])
            else:
                failures[entry.address] = [entry.address, outcome.reason, outcome.detail]
    _write(log.folder / IMAGES, images)
    _write(log.folder / FAILURES, [["address", "reason", "detail"], *failures.values()])


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue())

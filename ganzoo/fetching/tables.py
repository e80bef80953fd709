"""The tables that tell which images there are, and which are not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo.fetching.fetch_log import FetchLog
from ganzoo.fetching.lists import Entry
from ganzoo.folders import write_atomically

IMAGES = "images.csv"
FAILURES = "failures.csv"


def write_tables(ledger: FetchLog, entries: Sequence[Entry], labeled: bool) -> None:
    """Write both tables into the ledger's folder, in the order of the list.

    The table of images has a row for each entry whose image is there; that of failures has
    one for each address.
    """
    images = [["file", *Entry._fields] if labeled else ["file", *Entry._fields[:2]]]
    failures = {}
    for entry in entries:
        if outcome := ledger.outcome(entry.address):
            if outcome.file:
                images.append([outcome.file, *(entry if labeled else entry[:2])])
            else:
                failures[entry.address] = [entry.address, outcome.reason, outcome.detail]
    _write(ledger.folder / IMAGES, images)
    _write(ledger.folder / FAILURES, [["address", "reason", "detail"], *failures.values()])


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue())

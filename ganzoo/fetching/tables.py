"""The tables that tell which pictures there are, and which are not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo.fetching.ledger import Ledger
from ganzoo.fetching.lists import Entry
from ganzoo.folders import write_atomically

PICTURES = "pictures.csv"
FAILURES = "failures.csv"


def write_tables(ledger: Ledger, entries: Sequence[Entry], labelled: bool) -> None:
    """Write both tables into the ledger's folder, in the order of the list.

    The table of pictures has a row for each entry whose picture is there; that of failures has
    one for each address.
    """
    pictures = [["file", *Entry._fields] if labelled else ["file", *Entry._fields[:2]]]
    failures = {}
    for entry in entries:
        if outcome := ledger.outcome(entry.address):
            if outcome.file:
                pictures.append([outcome.file, *(entry if labelled else entry[:2])])
            else:
                failures[entry.address] = [entry.address, outcome.reason, outcome.detail]
    _write(ledger.folder / PICTURES, pictures)
    _write(ledger.folder / FAILURES, [["address", "reason", "detail"], *failures.values()])


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue())

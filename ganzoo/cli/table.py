"""Format rows of text as a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table with columns as wide as their widest cell; row 0 is the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with lines and right-aligned numbers in a terminal, else as plain text."""
    if not sys.stdout.isatty():
        print(*table(rows), sep="\n", flush=True)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD)
    for number, heading in enumerate(rows[0]):
        drawn.add_column(Text(heading), justify="right" if number else "left")
    for row in rows[1:]:
        drawn.add_row(*map(Text, row))
    Console(highlight=False).print(drawn)

"""Format rows of text as a table, and long lines for a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table with columns as wide as their widest cell; row 0 is the headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def wrapped(line: str, indent: int) -> str:
    """The line; in a terminal that is too narrow, in several lines, all but the first indented."""
    columns = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or columns < 2 * indent:
        return line
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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

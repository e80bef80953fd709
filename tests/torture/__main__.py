"""The proof by violence: runs that are killed, and inputs that are broken; how many are lost.

python -m tests.torture [--kills 200] [--inputs 10000] [--seed 0] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.torture import fuzzing, kills


def rows(asked: argparse.Namespace) -> Iterator[kills.Row | fuzzing.Row]:
    """What becomes of all that is tried."""
    if asked.kills:
        yield from kills.torture(asked.kills, asked.seed, asked.keep)
    if asked.inputs:
        each = -(-asked.inputs // len(fuzzing.KINDS))
        yield from fuzzing.fuzz(fuzzing.KINDS, each, asked.seed, asked.keep)


def main() -> None:
    """Print a table, then what was lost; status 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of runs of all kinds together")
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("lost"), help="where lost ones are kept")
    table, lost = Table("what", "tried", "survived", "lost"), []
    for row in rows(parser.parse_args()):
        lost += row.lost
        numbers = (row.tried, row.tried - len(row.lost), len(row.lost))
        table.add_row(row.what, *(f"{number:,}" for number in numbers))
    console = Console()
    console.print(table)
    for line in lost:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()

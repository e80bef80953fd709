"""Kills runs and breaks inputs, and counts the failures.

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
    """The results of all runs and inputs."""
    if asked.kills:
        yield from kills.kill_runs(asked.kills, asked.seed, asked.keep)
    if asked.inputs:
        each = -(-asked.inputs // len(fuzzing.KINDS))
        yield from fuzzing.fuzz(fuzzing.KINDS, each, asked.seed, asked.keep)


def main() -> None:
    """Print a table, then the failures; exit with status 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of runs of all kinds together")
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("failed"), help="folder for failures")
    table, failed = Table("what", "tried", "passed", "failed"), []
    for row in rows(parser.parse_args()):
        failed += row.failed
        numbers = (row.tried, row.tried - len(row.failed), len(row.failed))
        table.add_row(row.what, *(f"{number:,}" for number in numbers))
    console = Console()
    console.print(table)
    for line in failed:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

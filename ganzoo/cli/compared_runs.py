"""The runs that ``ganzoo compare`` and ``ganzoo report`` are given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder

Runs = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN...", help="Run folders, or sweep folders, which stand for all their runs."
    ),
]
SortMetric = Annotated[
    str | None,
    typer.Option(metavar="METRIC", help="Sort the runs by this metric, best first."),
]


def folders_of(runs: Sequence[Path]) -> list[RunFolder]:
    """Their run folders; says on standard error how many runs of a sweep have not begun."""
    from ganzoo.run_folders import run_folders

    return run_folders(runs, lambda message: print(message, file=sys.stderr))

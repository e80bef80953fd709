"""The runs that ``ganzoo compare`` and ``ganzoo report`` are given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.errors import RequestError

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


def run_folders(paths: Sequence[Path]) -> list[RunFolder]:
    """The run folders of these runs and sweeps, without duplicates."""
    from ganzoo.folders import RunFolder
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.sweep_file import FILE

    found: dict[Path, RunFolder] = {}
    for path in paths:
        if not (path / FILE).is_file():
            found.setdefault(path.resolve(), RunFolder.open(path))
            continue
        sweep = Sweep.open(path)
        if missing := len(sweep.trials) - len(sweep.started):
            print(f"{path}: {missing} of {len(sweep.trials)} runs have not begun", file=sys.stderr)
        found |= {folder.path.resolve(): folder for folder in sweep.started}
    if not found:
        raise RequestError("there is no run to compare")
    return list(found.values())

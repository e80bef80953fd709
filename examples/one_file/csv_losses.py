"""An observer in one file: ``ganzoo train ... observe.csv-losses=true --plugin csv_losses.py``.

It writes the losses of a run as a table, which a spreadsheet can read.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from math import nan

from pydantic import Field

from ganzoo import ObservedRun, Observer, ObserverSpec, Options, hookimpl


class TableOptions(Options):
    """How the table is written."""

    digits: int = Field(4, ge=1, le=17, description="Digits of each loss.")


class CsvLosses(Observer):
    """Appends a row per report to ``losses.csv`` in the run folder."""

    def __init__(self, options: TableOptions, *, run: ObservedRun) -> None:
        self._path = run.folder.path / "losses.csv"
        self._digits = options.digits
        self._drop_after(run.step)

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Append the losses of both networks; NaN where a method has no such phase."""
        losses = [scalars.get(f"loss/{name}", nan) for name in ("discriminator", "generator")]
        with self._path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{loss:.{self._digits}g}" for loss in losses)])

    def on_rollback(self, step: int) -> None:
        """Remove the rows of later steps, which will be written again."""
        self._drop_after(step)

    def _drop_after(self, step: int) -> None:
        """Keep the heading and the rows up to a step: a resumed run repeats the later ones."""
        rows = [["step", "discriminator", "generator"]]
        if self._path.exists():
            with self._path.open(newline="") as file:
                rows += [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """One observer."""
    return [
        ObserverSpec(
            name="csv-losses",
            summary="Writes the losses to losses.csv in the run folder.",
            factory=CsvLosses,
            options=TableOptions,
        )
    ]

"""The order of the entries of a track, and the columns of their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from measurement import Result


class Column(NamedTuple):
    """A column of the table."""

    metric: str
    sign: int
    """1 if high values are the best, -1 if low ones are, 0 if neither."""
    form: str
    """How a number is formatted."""

    def text(self, value: float) -> str:
        """A number with the digits of this column."""
        return format(value, self.form)


COLUMNS: Mapping[str, Column] = {
    "kid": Column("kid", -1, "#.3g"),
    "fd": Column("fd", -1, ".0f"),
    "precision": Column("prdc/precision", 1, ".2f"),
    "recall": Column("prdc/recall", 1, ".2f"),
    "coverage": Column("prdc/coverage", 1, ".2f"),
    "copies": Column("memorization/copies", 0, ".3f"),
}
ORDER = "kid"


class Row(NamedTuple):
    """All runs of one entry that reached a moment: one for each seed."""

    entry: str
    runs: Sequence[Result]
    seconds: float

    def values(self, metric: str) -> list[float]:
        """The metric of each seed that has it."""
        points = [run.at(self.seconds) for run in self.runs]
        return [point.metrics[metric] for point in points if point and metric in point.metrics]

    def mean(self, metric: str) -> float:
        """Their mean; infinity if there is none."""
        return fmean(values) if (values := self.values(metric)) else float("inf")

    @property
    def images_seen(self) -> float:
        """The mean of the images seen."""
        return fmean(point.images_seen for run in self.runs if (point := run.at(self.seconds)))


def rows(results: Sequence[Result], seconds: float) -> list[Row]:
    """The entries that were measured at a moment, best first."""
    reached = [result for result in results if result.at(seconds)]
    names = dict.fromkeys(result.entry for result in reached)
    found = [Row(name, [r for r in reached if r.entry == name], seconds) for name in names]
    return sorted(found, key=lambda row: row.mean(ORDER))

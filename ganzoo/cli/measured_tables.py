"""The tables of what a recipe has reached, for the terminal and the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ganzoo.size import size

if TYPE_CHECKING:
    from ganzoo.measured_results import MeasuredResult

Rows = list[tuple[str, ...]]
"""A table; its first row is the headings."""


def measured_tables(results: Sequence[MeasuredResult]) -> Iterator[tuple[str, Rows]]:
    """For each way of measuring: a sentence that says how, and a table of all runs.

    The last row has the metrics of one half of the real images against the other half.
    """
    for title, group in groupby(results, key=_title):
        runs = list(group)
        names = list(dict.fromkeys(name for run in runs for name in run.last.metrics))
        rows: Rows = [("seed", "seconds", "images seen", *names)]
        for run in runs:
            for point in run.points:
                values = (_number(point.metrics.get(name)) for name in names)
                rows.append(
                    (str(run.seed), f"{point.seconds:g}", f"{point.images_seen:,}", *values)
                )
        if baselines := runs[-1].baselines:
            rows.append(("baseline", "", "", *(_number(baselines.get(name)) for name in names)))
        yield title, rows


def _title(result: MeasuredResult) -> str:
    images, machine = result.images, result.machine
    _, height, width = images.shape
    threads = f", {machine.threads} thread{'s' if machine.threads > 1 else ''}"
    return (
        f"{images.count:,} images ({images.name}) of {size(width, height)} pixels on "
        f"{machine.name}{threads if machine.device == 'cpu' else ''}; {result.samples:,} generated "
        f"and {result.real:,} real images, extractor {result.extractor}"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"

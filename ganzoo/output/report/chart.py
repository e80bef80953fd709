"""The data of the charts that the page's JavaScript draws."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_POINTS = 1500
"""Points of a line; of a longer line, every nth point is shown."""


class Point(NamedTuple):
    """A value at one step of training."""

    step: int
    images_seen: int
    value: float


@dataclass(frozen=True)
class Line:
    """A number over time; ``baseline`` is the number that real images get."""

    name: str
    points: tuple[Point, ...]
    baseline: float | None = None
    color: int | None = None
    """Its color, 0 to 7; by default its index in the chart."""

    def to_dict(self) -> dict[str, Any]:
        """The line as plain values for JSON; numbers that are not finite are ``None``."""
        last = self.points[-1:]
        stride = max(1, -(-len(self.points) // MAX_POINTS))
        points = [*self.points[:-1:stride], *last]
        return {
            "name": self.name,
            "color": self.color,
            "baseline": _finite(self.baseline),
            "step": [point.step for point in points],
            "images_seen": [point.images_seen for point in points],
            "value": [_finite(point.value) for point in points],
        }


@dataclass(frozen=True)
class Chart:
    """Lines in one chart; with ``smooth``, the reader can smooth them with a slider."""

    title: str
    lines: tuple[Line, ...]
    caption: str = ""
    smooth: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The chart as plain values for JSON."""
        return {"smooth": self.smooth, "lines": [line.to_dict() for line in self.lines]}


def overlay(charts: Iterable[tuple[str, Iterable[Chart]]]) -> list[Chart]:
    """One chart for each line that several runs have, with one line per run.

    ``charts`` are pairs of a run's name and its charts.
    """
    lines: dict[tuple[str, str], dict[str, Line]] = {}
    smooth: dict[tuple[str, str], bool] = {}
    for color, (run, of_run) in enumerate(charts):
        for chart in of_run:
            for line in chart.lines:
                key = (f"{chart.title}: {line.name}", chart.caption)
                smooth.setdefault(key, chart.smooth)
                lines.setdefault(key, {})[run] = Line(run, line.points, line.baseline, color)
    return [
        Chart(title, tuple(by_run.values()), caption, smooth[title, caption])
        for (title, caption), by_run in lines.items()
        if len(by_run) > 1
    ]


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")

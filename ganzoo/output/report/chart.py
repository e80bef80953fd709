"""Charts as the page's script draws them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST = 1500
"""Points of a line; of a longer one, every so manyth is shown."""


class Point(NamedTuple):
    """A value at a moment of training."""

    step: int
    images: int
    """Real images shown so far."""
    value: float


@dataclass(frozen=True)
class Line:
    """A number over time; ``baseline`` is what real images get."""

    name: str
    points: tuple[Point, ...]
    baseline: float | None = None
    tone: int | None = None
    """The number of its color, if its place among the lines does not say that."""

    def tree(self) -> dict[str, Any]:
        """The line as JSON has it, where numbers that are not finite are gaps."""
        last = self.points[-1:]
        stride = max(1, -(-len(self.points) // MOST))
        shown = [*self.points[:-1:stride], *last]
        return {
            "name": self.name,
            "tone": self.tone,
            "baseline": _finite(self.baseline),
            "step": [point.step for point in shown],
            "images": [point.images for point in shown],
            "value": [_finite(point.value) for point in shown],
        }


@dataclass(frozen=True)
class Chart:
    """Lines in one frame; ``noisy`` ones are smoothed as far as the reader likes."""

    title: str
    lines: tuple[Line, ...]
    caption: str = ""
    noisy: bool = False

    def tree(self) -> dict[str, Any]:
        """The chart as JSON has it."""
        return {"noisy": self.noisy, "lines": [line.tree() for line in self.lines]}


def overlaid(charts: Iterable[tuple[str, Iterable[Chart]]]) -> list[Chart]:
    """One chart of each kind of line that several runs have, each run's line by the run's name."""
    kinds: dict[tuple[str, str], dict[str, Line]] = {}
    shown: dict[tuple[str, str], Chart] = {}
    for tone, (run, of_run) in enumerate(charts):
        for chart in of_run:
            for line in chart.lines:
                kind = (f"{chart.title}: {line.name}", chart.caption)
                shown.setdefault(kind, chart)
                kinds.setdefault(kind, {})[run] = Line(run, line.points, line.baseline, tone)
    return [
        Chart(kind[0], tuple(lines.values()), kind[1], shown[kind].noisy)
        for kind, lines in kinds.items()
        if len(lines) > 1
    ]


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")

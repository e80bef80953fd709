"""The recipes that a plan chooses from: those with measured results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from ganzoo.components import MetricSpec
from ganzoo.measured_results import MeasuredImages, MeasuredPoint, MeasuredResult
from ganzoo.planning.images import Size

_SMALLEST = 1e-6
"""Unbiased estimates of a distance may be zero or negative; their logarithm does not exist."""
_USUAL_SLOPE = 0.5
"""Before the only measured point, a distance is taken to fall with the root of the images seen."""


class MeasuredSet(NamedTuple):
    """Results with the same value here can be compared: same images, features and numbers."""

    images: MeasuredImages
    extractor: str
    samples: int
    real: int

    @classmethod
    def of(cls, result: MeasuredResult) -> Self:
        """The set that a result belongs to."""
        return cls(result.images, result.extractor, result.samples, result.real)

    @property
    def size(self) -> Size:
        """Width and height of its images."""
        _, height, width = self.images.shape
        return width, height


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A recipe with its results."""

    recipe: str
    results: tuple[MeasuredResult, ...]
    to_end: bool = False
    """Whether a setting changes until the run's end, so that its length has to be known."""

    def on(self, measured: MeasuredSet) -> Sequence[MeasuredResult]:
        """Its results on a set of images."""
        return [result for result in self.results if MeasuredSet.of(result) == measured]

    def metrics(self, measured: MeasuredSet) -> set[str]:
        """The names of the numbers that each point of its results there has."""
        points = [point for result in self.on(measured) for point in result.points]
        return set.intersection(*(set(point.metrics) for point in points)) if points else set()

    def needed(self, measured: MeasuredSet, metric: str, goal: str) -> int:
        """The images seen at the best of its points."""
        points = [point for result in self.on(measured) for point in result.points]
        sign = 1 if goal == "low" else -1
        best = min(points, key=lambda each: (sign * each.metrics[metric], each.images_seen))
        return max(1, best.images_seen)

    def value(self, measured: MeasuredSet, metric: str, goal: str, images: float) -> float:
        """What the metric would be there after so many images: the mean over its results."""
        logs = [_log_value(result.points, metric, goal, images) for result in self.on(measured)]
        return math.exp(sum(logs) / len(logs))


def preferred_metric(names: set[str], metrics: Mapping[str, MetricSpec]) -> str | None:
    """Of numbers such as ``kid`` or ``swd/32``, that of the metric with the greatest preference.

    ``None`` if none of them is better when it is low or high.
    """
    usable = {
        name: metrics[name.partition("/")[0]] for name in names if name.partition("/")[0] in metrics
    }
    ranked = sorted(
        (-spec.preference, name) for name, spec in usable.items() if spec.goal != "real"
    )
    return ranked[0][1] if ranked else None


def _log_value(points: Sequence[MeasuredPoint], metric: str, goal: str, images: float) -> float:
    """The logarithm of the metric: straight lines between the logarithms of measured points.

    After the last point it does not change. Before the first one, the first line goes on, but the
    metric is not better there than at the first point.
    """
    at = {
        math.log(point.images_seen): math.log(max(point.metrics[metric], _SMALLEST))
        for point in points
        if point.images_seen
    }
    if not at:
        return math.log(max(points[-1].metrics[metric], _SMALLEST))
    worse = 1 if goal == "low" else -1
    x, (first, *others) = math.log(max(images, 1)), sorted(at)
    if x < first:
        slope = (at[others[0]] - at[first]) / (others[0] - first) if others else -_USUAL_SLOPE
        rise = abs(slope) if others and slope * worse < 0 else _USUAL_SLOPE
        return at[first] + worse * rise * (first - x)
    for left, right in zip([first, *others], others, strict=False):
        if x <= right:
            return at[left] + (at[right] - at[left]) * (x - left) / (right - left)
    return at[max(at)]

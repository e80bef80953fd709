"""Made-up results of recipes, images and machines for the tests of plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo import (
    MeasuredImages,
    MeasuredMachine,
    MeasuredPoint,
    MeasuredResult,
    MetricSpec,
)
from ganzoo.planning.candidates import Candidate
from ganzoo.planning.forecast import Machine
from ganzoo.planning.images import PlannedImages
from ganzoo.planning.timetable import EvaluationCost

OPERATIONS = 1e11

METRICS: Mapping[str, MetricSpec] = {
    "kid": MetricSpec(name="kid", summary="K.", factory="x:y", preference=1),
    "swd": MetricSpec(name="swd", summary="S.", factory="x:y"),
    "prdc": MetricSpec(name="prdc", summary="P.", factory="x:y", goal="high"),
    "copies": MetricSpec(name="copies", summary="C.", factory="x:y", goal="real", preference=9),
}


def measured_images(**changes: Any) -> MeasuredImages:
    """4,000 photographs of 32 x 32."""
    usual: dict[str, Any] = {"name": "photographs", "count": 4000, "shape": (3, 32, 32)}
    return MeasuredImages(**usual | changes)


def result(
    points: Sequence[tuple[int, float]],
    *,
    speed: float = 100.0,
    metric: str = "kid",
    images: MeasuredImages | None = None,
    **changes: Any,
) -> MeasuredResult:
    """The result of a run with this metric after so many images, at this speed."""
    usual: dict[str, Any] = {"extractor": "random", "samples": 2000, "real": 4000}
    return MeasuredResult(
        images=images or measured_images(),
        machine=MeasuredMachine(name="one core", operations_per_second=OPERATIONS),
        points=tuple(
            MeasuredPoint(images_seen=seen, seconds=seen / speed, metrics={metric: value})
            for seen, value in points
        ),
        **usual | changes,
    )


def candidate(
    recipe: str, points: Sequence[tuple[int, float]], *, to_end: bool = False, **changes: Any
) -> Candidate:
    """A recipe with one result."""
    return Candidate(recipe=recipe, results=(result(points, **changes),), to_end=to_end)


def planned_images(**changes: Any) -> PlannedImages:
    """4,000 photographs, which are suitable for 32 x 32."""
    usual: dict[str, Any] = {"name": "pics", "count": 4000, "channels": 3, "resolution": 32}
    return PlannedImages(**usual | changes)


def machine(**changes: Any) -> Machine:
    """A machine as fast as the one that measured, on which evaluations take seconds."""
    usual: dict[str, Any] = {
        "operations_per_second": OPERATIONS,
        "evaluation": EvaluationCost(1.0, 0.001),
        "spent": 5.0,
    }
    return Machine(**usual | changes)

"""How far a training is: still improving, at a plateau, or too short to say."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import FEWEST_IMAGES, FEWEST_REPORTS, History, Reading
from ganzoo_doctor.stability import getting_worse

FEWEST_EVALUATIONS = 4
"""Fewer do not show a trend."""
IMPROVED = 0.05
"""The part of the whole improvement that must fall into the last third of the evaluations. KID of
300 images changes by about 2% of it by chance."""
UNIT = 100_000
"""Slopes are per this number of images seen."""


def too_short(history: History) -> Finding | None:
    """There is too little to judge the run by."""
    reports, images = len(history.reports), history.images_seen
    enough_images = images >= FEWEST_IMAGES
    if enough_images and reports >= 3 * FEWEST_REPORTS:
        return None
    remedy = ": a smaller log.every reports more often" if enough_images else ""
    return Finding(
        name="too short",
        kind="trend",
        sentence=f"{reports} reports of {images:,} images seen are too few to say much{remedy}",
        numbers={"reports": reports, "images seen": images},
        change="" if enough_images else longer(history, 10),
        resumes=True,
    )


def improvement(history: History) -> Finding | None:
    """Whether the metric of the best checkpoint still improves."""
    name = history.best_by
    readings = history.readings(name) if name else []
    if name is None or len(readings) < FEWEST_EVALUATIONS or getting_worse(history):
        return None
    third = max(1, len(readings) // 3)
    before, recent = readings[:-third], readings[-third:]
    best_before, best = (min(each.score.order for each in some) for some in (before, readings))
    gained = readings[0].score.order - best
    slope = slope_per_unit([*before[-1:], *recent])
    numbers = {
        f"{name} of step {readings[0].step}": readings[0].score.value,
        f"{name} of step {readings[-1].step}": readings[-1].score.value,
    }
    if gained > 0 and best_before - best > IMPROVED * gained:
        change = "falls" if slope < 0 else "rises"
        return Finding(
            name="still improving",
            kind="trend",
            sentence=f"{name} {change} by {abs(slope):.2g} per {UNIT:,} images seen",
            numbers={**numbers, f"change per {UNIT:,} images": slope},
            change=longer(history, 2),
            resumes=True,
        )
    return Finding(
        name="plateau",
        kind="trend",
        sentence=f"{name} has hardly improved in the last {third + 1} evaluations",
        numbers=numbers,
        change=_patience(history),
        resumes=True,
    )


def _patience(history: History) -> str:
    """The setting that ends a run at its plateau, if it has none and is evaluated by itself."""
    if history.setting("evaluate.patience") or not history.setting("evaluate.every"):
        return ""
    return "evaluate.patience=5"


def slope_per_unit(readings: Sequence[Reading]) -> float:
    """The slope of the least squares line through the values, per ``UNIT`` images seen."""
    xs = [each.images_seen / UNIT for each in readings]
    ys = [each.score.value for each in readings]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    square = sum((each - x) ** 2 for each in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / square if square else 0.0


def longer(history: History, factor: int) -> str:
    """``KEY=VALUE`` for a run that is longer by this factor, however its length is set."""
    for key in ("train.epochs", "train.images", "train.steps"):
        length = history.setting(key)
        if isinstance(length, int | float):
            return (
                f"{key}={length * factor:g}"
                if key == "train.epochs"
                else f"{key}={length * factor}"
            )
    return ""

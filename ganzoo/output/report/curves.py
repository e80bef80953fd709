"""Charts of what a run reported while it trained."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ganzoo.journal import Journal
from ganzoo.output.report.chart import Chart, Line, Point

_TITLES = {
    "loss": "Losses",
    "scores": "Discriminator scores",
    "balance": "Balance of the networks",
    "discriminator": "Terms of the discriminator's loss",
    "generator": "Terms of the generator's loss",
    "samples": "Samples",
    "growth": "Growth",
    "speed": "Speed",
    "waiting": "Waiting",
}
"""By the first part of a scalar's name, in the order of the page."""

_CAPTIONS = {
    "scores": "Mean score of real and of generated images. If they are far apart, the "
    "discriminator separates them easily.",
    "balance": "Separation: how often a real image has a higher score than a generated one. 0.5 if "
    "the discriminator cannot tell them apart, 1 if it always can.",
    "waiting": "Data: the share of the training time in which real images were awaited.",
    "samples": "If the diversity is near 0, all samples look alike.",
}

_NOT_SMOOTHED = ("growth", "samples")


def charts(journal: Journal) -> list[Chart]:
    """A chart for each group of scalars, except metrics."""
    lines: dict[str, dict[str, list[Point]]] = {group: {} for group in _TITLES}
    for report in journal.lines:
        for key, value in report.items():
            group, slash, name = key.partition("/")
            if slash and group != "metric" and isinstance(value, int | float):
                point = Point(report["step"], report["images_seen"], value)
                lines.setdefault(group, {}).setdefault(name, []).append(point)
    return [_chart(group, named) for group, named in lines.items() if _is_shown(group, len(named))]


def _is_shown(group: str, lines: int) -> bool:
    """Terms of a loss are shown if there are several: a single term equals the loss."""
    fewest = 2 if group in ("discriminator", "generator") else 1
    return lines >= fewest


def _chart(group: str, named: dict[str, list[Point]]) -> Chart:
    lines = tuple(Line(name.replace("_", " "), tuple(points)) for name, points in named.items())
    title, caption = _TITLES.get(group, group), _CAPTIONS.get(group, "")
    return Chart(title, lines, caption, smooth=group not in _NOT_SMOOTHED)


def images_seen_at(journal: Journal, steps: Sequence[int]) -> list[int]:
    """The number of images seen at each step, interpolated between reports."""
    reports = [(0, 0), *((line["step"], line["images_seen"]) for line in journal.lines)]
    return [_interpolated(reports, step) for step in steps]


def _interpolated(reports: Sequence[tuple[int, int]], step: int) -> int:
    for (before, seen), (after, seen_then) in pairwise(reports):
        if before <= step <= after and before < after:
            return round(seen + (seen_then - seen) * (step - before) / (after - before))
    return reports[-1][1]

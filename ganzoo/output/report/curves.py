"""What a run has told while it trained, as charts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ganzoo.journal import Journal
from ganzoo.output.report.chart import Chart, Line, Point

_TITLES = {
    "loss": "Losses",
    "scores": "Scores of the critic",
    "discriminator": "Terms of the critic's loss",
    "generator": "Terms of the generator's loss",
    "samples": "Samples",
    "growth": "Growth",
    "speed": "Speed",
}
"""By the first part of a scalar's name, in the order in which they are shown."""

_CAPTIONS = {
    "scores": "Of real and of generated images. Where they are far apart, the critic tells them "
    "apart with ease.",
    "samples": "Diversity falls towards 0 where all samples look alike.",
}

_CALM = ("growth", "samples")


def charts(journal: Journal) -> list[Chart]:
    """The curves, those that belong together in one chart. Metrics are not among them."""
    lines: dict[str, dict[str, list[Point]]] = {group: {} for group in _TITLES}
    for report in journal.lines:
        for key, value in report.items():
            group, slash, name = key.partition("/")
            if slash and group != "metric" and isinstance(value, int | float):
                point = Point(report["step"], report["images_seen"], value)
                lines.setdefault(group, {}).setdefault(name, []).append(point)
    return [_chart(group, named) for group, named in lines.items() if _tells(group, len(named))]


def _tells(group: str, lines: int) -> bool:
    """Whether a chart would tell anything: the only term of a loss is the loss."""
    return lines > (group in ("discriminator", "generator"))


def _chart(group: str, named: dict[str, list[Point]]) -> Chart:
    lines = tuple(Line(name.replace("_", " "), tuple(points)) for name, points in named.items())
    return Chart(_TITLES.get(group, group), lines, _CAPTIONS.get(group, ""), group not in _CALM)


def images_at(journal: Journal, steps: Sequence[int]) -> list[int]:
    """How many real images had been shown at each of these steps, between reports about."""
    told = [(0, 0), *((line["step"], line["images_seen"]) for line in journal.lines)]
    return [_between(told, step) for step in steps]


def _between(told: Sequence[tuple[int, int]], step: int) -> int:
    for (before, seen), (after, seen_then) in pairwise(told):
        if before <= step <= after and before < after:
            return round(seen + (seen_then - seen) * (step - before) / (after - before))
    return told[-1][1]

"""The plan of a run: its settings, and why they were chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tomli_w

from ganzoo.components import MetricSpec
from ganzoo.planning.candidates import Candidate, MeasuredSet
from ganzoo.planning.forecast import Forecast, PlanFacts, doubled
from ganzoo.planning.images import PlannedImages, Size, named_size, resolution_of
from ganzoo.planning.ranking import Ranking, rank
from ganzoo.planning.timetable import Speed, Timetable
from ganzoo.settings import Settings

FILE = "plan.toml"
"""The name of the settings file of a plan in the run folder."""

_GRIDS = 10
"""Grids of samples in a run."""
_MOST_BETWEEN_CHECKPOINTS = 600.0
"""Seconds of training that are lost at most if the machine stops."""
_LONG = 1800.0
"""Seconds of a budget from which on the run is also evaluated before its end."""
_EVALUATIONS = 4
_BEYOND = 4.0
"""A run that ends by its time gets this many times the planned images as its length, at most."""
_FINISHED_BEFORE = 0.95
"""A run whose length must be known gets this part of the planned images, so that it is reached."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run for some images and some time."""

    recipe: str
    """Empty if the user chose the components."""
    size: Size
    time: Timetable
    speed: Speed
    settings: Mapping[str, Any]
    """By dotted key, besides those of the recipe."""
    reasons: Sequence[str]
    """A sentence for each choice."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why other recipes cannot be used."""

    def lines(self) -> Iterator[str]:
        """The reasons, and what was left out."""
        yield from self.reasons
        for recipe, reason in sorted(self.left_out.items()):
            yield f"left out: recipe {recipe}: {reason}"


def settings_file(made: Plan, settings: Settings) -> str:
    """A settings file with the reasons as comments; training it needs no plan."""
    comments = "".join(f"# {' '.join(line.split())}\n" for line in made.lines())
    return f"{comments}\n{tomli_w.dumps(_plain(settings.values))}"


def _plain(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The values that TOML has; it has no null."""
    return {
        key: _plain(value) if isinstance(value, Mapping) else value
        for key, value in tree.items()
        if value is not None
    }


def plan(
    facts: PlanFacts, candidates: Sequence[Candidate], metrics: Mapping[str, MetricSpec]
) -> Plan:
    """The plan that reaches the best metric; see ``ranking``.

    Raises RequestError if no recipe can be used, or if the time is too short.
    """
    ranking = rank(facts, candidates, metrics)
    best = ranking.best
    settings = {"data.resolution": resolution_of(best.size)}
    settings |= length_settings(best.time, best.speed, to_end=best.candidate.to_end)
    why = _why(ranking, facts.images, given=facts.size is not None)
    return Plan(
        recipe=best.candidate.recipe,
        size=best.size,
        time=best.time,
        speed=best.speed,
        settings=settings,
        reasons=[facts.images.sentence(), *why, best.time.sentence()],
        left_out=ranking.left_out,
    )


def length_settings(time: Timetable, speed: Speed, *, to_end: bool) -> dict[str, Any]:
    """The length of a run, and how often it saves, draws samples, reports and evaluates.

    ``to_end`` says that a setting changes until the run's end, so that the planned number of images
    is the run's length. Other runs end by time, and can go on later as if they had not stopped.
    """
    length = int(time.images * (_FINISHED_BEFORE if to_end else _BEYOND)) or 1
    between = max(1, time.images // _GRIDS)
    saved = min(time.images / 4, _MOST_BETWEEN_CHECKPOINTS * speed.images_per_second)
    settings: dict[str, Any] = {
        "train.images": length,
        "train.max_time": f"{time.until_stop:.1f} seconds",
        "sample.every": _images(between),
        "log.every": _images(between / 2),
        "checkpoint.every": _images(saved),
        "evaluate.samples": time.samples,
        "evaluate.real": time.real,
    }
    if time.budget >= _LONG and _EVALUATIONS * time.evaluation < 0.1 * time.budget:
        settings["evaluate.every"] = _images(time.images / _EVALUATIONS)
    return settings


def _images(count: float) -> str:
    """An interval of about so many images, with two digits that are not zero."""
    return f"{max(1, int(float(f'{count:.1e}')))} images"


def _why(ranking: Ranking, images: PlannedImages, *, given: bool) -> Iterator[str]:
    """Why the first recipe was chosen, and why at this size."""
    best, measured = ranking.best, ranking.measured
    count, shown = f"{measured.images.count:,}", f"{best.time.images:,}"
    others = ", ".join(
        f"{each.candidate.recipe} {each.value:.3g}" for each in ranking.forecasts[1:]
    )
    yield (
        f"recipe {best.candidate.recipe}: measured on {measured.images.name} ({count} images of "
        f"{named_size(measured.size)}), the set most like these; after {shown} images "
        f"{ranking.metric} would be about {best.value:.3g} there"
        f"{f', with others: {others}' if others else ''}"
    )
    yield f"size {named_size(best.size)}: {_why_size(best, measured, images, given=given)}"


def _why_size(best: Forecast, measured: MeasuredSet, images: PlannedImages, *, given: bool) -> str:
    if given:
        return "as given"
    if min(best.size) > min(measured.size):
        return f"twice the measured size, because the best result needed {best.needed:,} images"
    if min(best.size) < min(measured.size):
        return "less than measured, because the images are not larger"
    if images.resolution and images.fits(doubled(best.size)):
        return (
            f"as measured; {named_size(doubled(best.size))} would be too slow for the "
            f"{best.needed:,} images that the best result needed"
        )
    return "as measured"

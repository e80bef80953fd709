"""How far a recipe gets on this machine in the time, by what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ganzoo.errors import RequestError
from ganzoo.planning.candidates import Candidate, MeasuredSet
from ganzoo.planning.images import PlannedImages, Size
from ganzoo.planning.timetable import NO_EVALUATION, EvaluationCost, Speed, Timetable


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was measured on this machine."""

    operations_per_second: float
    """Of a large matrix product."""
    speeds: Mapping[tuple[str, Size], Speed] = field(default_factory=dict)
    """By recipe and size; that of others is estimated from the machine that measured them."""
    refused: Mapping[tuple[str, Size], str] = field(default_factory=dict)
    """Why a recipe cannot be used at a size."""
    preparation: Mapping[tuple[str, Size], float] = field(default_factory=dict)
    """Seconds to prepare all images, if they differ from what the images say."""
    evaluation: EvaluationCost = NO_EVALUATION
    spent: float = 0.0
    """Seconds of the budget that are over."""


class PlanFacts(NamedTuple):
    """What a plan depends on, besides the measured recipes."""

    images: PlannedImages
    machine: Machine
    budget: float
    """In seconds."""
    size: Size | None = None
    """That the user has chosen."""


class Forecast(NamedTuple):
    """A recipe at a size, and how far it gets in the time."""

    candidate: Candidate
    size: Size
    speed: Speed
    time: Timetable
    value: float
    """Of the metric at the end."""
    needed: int
    """The images seen at the best measured point."""


def forecast(
    facts: PlanFacts, candidate: Candidate, measured: MeasuredSet, metric: str, goal: str
) -> Forecast:
    """What a recipe reaches, at the largest size that suits the images and the time.

    Raises RequestError if it is refused at its usual size, TooShort if the time is too short.
    """
    images, machine = facts.images, facts.machine
    needed, first = candidate.needed(measured, metric, goal), candidate.on(measured)[0]

    def at(wanted: Size) -> Forecast:
        key = (candidate.recipe, wanted)
        if reason := machine.refused.get(key):
            raise RequestError(reason)
        speed = machine.speeds.get(key) or _estimated(candidate, measured, machine, wanted)
        time = Timetable.of(
            *(facts.budget, machine.spent, speed, machine.evaluation),
            count=images.count,
            preparation=machine.preparation.get(key, images.count * images.seconds_each),
            most=(first.samples, first.real),
        )
        value = candidate.value(measured, metric, goal, time.images)
        return Forecast(candidate, wanted, speed, time, value, needed)

    usual = facts.size or images.reduced(measured.size)
    twice = doubled(usual)
    if facts.size is None and images.fits(twice) and (candidate.recipe, twice) in machine.speeds:
        larger = at(twice)
        if larger.time.images >= needed:
            return larger
    return at(usual)


def doubled(size: Size) -> Size:
    """Twice the width and the height."""
    return 2 * size[0], 2 * size[1]


def may_be_larger(found: Forecast, images: PlannedImages) -> bool:
    """Whether it is worth measuring a recipe at twice the size, which costs four times as much."""
    twice = doubled(found.size)
    reachable = found.time.images >= 2 * found.needed
    return bool(images.resolution) and images.fits(twice) and reachable and max(twice) <= 1024


def _estimated(candidate: Candidate, measured: MeasuredSet, machine: Machine, size: Size) -> Speed:
    """The speed of a recipe here, from that on the machine where it was measured."""
    rates = [
        result.last.images_seen
        / max(result.last.seconds, 1e-3)
        * (machine.operations_per_second / result.machine.operations_per_second)
        for result in candidate.on(measured)
    ]
    area = math.prod(measured.size) / math.prod(size)
    rate = max(1e-6, sum(rates) / len(rates) * area)
    return Speed(rate, 0.0)

"""The choice of a recipe, a size and a length: a pure function of images, machine and time.

Of the sets of images that recipes were measured on, the one most like the given images counts,
because metrics of different images cannot be compared. Of the recipes measured there, the one whose
measured curve is best at the number of images that this machine can show in the time is chosen. The
size is the measured one, or twice that if the best measured point can still be reached.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ganzoo.components import MetricSpec
from ganzoo.errors import RequestError
from ganzoo.planning.candidates import Candidate, MeasuredSet, preferred_metric
from ganzoo.planning.images import PlannedImages, Size, named_size
from ganzoo.planning.timetable import NO_EVALUATION, EvaluationCost, Speed, Timetable, TooShort

_REACH = 0.5
"""The distance of images whose results need e times as many images as can be shown."""
_SAME = 0.01
"""Metrics that differ by less count as the same."""


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


class Ranking(NamedTuple):
    """All recipes that were measured on the set most like the images, the best first."""

    measured: MeasuredSet
    metric: str
    goal: str
    forecasts: Sequence[Forecast]
    left_out: Mapping[str, str]
    """The reason for each recipe that is not among them."""

    @property
    def best(self) -> Forecast:
        """The chosen one."""
        return self.forecasts[0]


def rank(
    images: PlannedImages,
    machine: Machine,
    budget: float,
    candidates: Sequence[Candidate],
    metrics: Mapping[str, MetricSpec],
    size: Size | None = None,
) -> Ranking:
    """The recipes in the order of what they would reach; ``size`` is a size that the user chose.

    Raises RequestError if there is none, and TooShort if all of them need more time.
    """
    found, left_out = list[Ranking](), dict[str, str]()
    shortest: TooShort | None = None
    for measured in _sets(candidates):
        try:
            ranking = _rank_on(measured, images, machine, budget, candidates, metrics, size)
        except TooShort as error:
            shortest = min(shortest or error, error, key=lambda each: each.needed)
            continue
        if ranking.forecasts:
            found.append(ranking)
        else:
            left_out |= ranking.left_out
    if found:
        return min(found, key=lambda each: (*_distance(each, images), each.measured.images.name))
    if shortest:
        raise shortest
    reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(left_out.items()))
    raise RequestError(
        "no installed recipe with measured results can be used for these images"
        f"{f' ({reasons})' if reasons else ''}: name an architecture and a loss, too"
    )


def _sets(candidates: Sequence[Candidate]) -> list[MeasuredSet]:
    every = [MeasuredSet.of(result) for each in candidates for result in each.results]
    return list(dict.fromkeys(every))


def _distance(ranking: Ranking, images: PlannedImages) -> tuple[float, int]:
    """How little the measured images resemble these, or can be reached; then fewer recipes."""
    shown = max(each.time.images / each.needed for each in ranking.forecasts)
    short = _REACH * max(0.0, -math.log(shown))
    return images.distance(ranking.measured.images) + short, -len(ranking.forecasts)


def _rank_on(
    measured: MeasuredSet,
    images: PlannedImages,
    machine: Machine,
    budget: float,
    candidates: Sequence[Candidate],
    metrics: Mapping[str, MetricSpec],
    size: Size | None,
) -> Ranking:
    here = [each for each in candidates if each.on(measured)]
    metric = _common_metric([each.metrics(measured) for each in here], metrics)
    if metric is None:
        reason = "its results have no metric that is better when it is low or high"
        return Ranking(measured, "", "low", [], {each.recipe: reason for each in here})
    goal = metrics[metric.partition("/")[0]].goal
    forecasts, left_out = list[Forecast](), dict[str, str]()
    late: TooShort | None = None
    for each in here:
        if metric not in each.metrics(measured):
            left_out[each.recipe] = f"its results have no {metric}"
            continue
        try:
            forecasts.append(_forecast(each, measured, metric, goal, images, machine, budget, size))
        except TooShort as error:
            late = min(late or error, error, key=lambda too_short: too_short.needed)
            left_out[each.recipe] = f"it needs at least {error.needed} s here"
        except RequestError as error:
            left_out[each.recipe] = str(error)
    if late and not forecasts:
        raise late
    return Ranking(measured, metric, goal, sorted(forecasts, key=partial(_order, goal)), left_out)


def _order(goal: str, each: Forecast) -> tuple[int, int, str]:
    """What decides among recipes: the metric, then the number of parameters."""
    sign = 1 if goal == "low" else -1
    about = round(sign * math.log(max(each.value, 1e-12)) / _SAME)
    return about, each.speed.parameters, each.candidate.recipe


def _common_metric(names: Sequence[set[str]], metrics: Mapping[str, MetricSpec]) -> str | None:
    """The preferred metric that all results have, or else that some have."""
    return preferred_metric(set.intersection(*names), metrics) or preferred_metric(
        set.union(*names), metrics
    )


def _forecast(
    candidate: Candidate,
    measured: MeasuredSet,
    metric: str,
    goal: str,
    images: PlannedImages,
    machine: Machine,
    budget: float,
    size: Size | None,
) -> Forecast:
    """What a recipe reaches, at the largest size that suits the images and the time.

    Raises RequestError if it is refused at its usual size, TooShort if the time is too short.
    """
    needed = candidate.needed(measured, metric, goal)
    first = candidate.on(measured)[0]

    def at(wanted: Size) -> Forecast:
        if reason := machine.refused.get((candidate.recipe, wanted)):
            raise RequestError(reason)
        known = machine.speeds.get((candidate.recipe, wanted))
        speed = known or _estimated(candidate, measured, machine, wanted)
        usual_time = images.count * images.seconds_each
        time = Timetable.of(
            budget,
            machine.spent,
            speed,
            machine.evaluation,
            count=images.count,
            preparation=machine.preparation.get((candidate.recipe, wanted), usual_time),
            most=(first.samples, first.real),
        )
        value = candidate.value(measured, metric, goal, time.images)
        return Forecast(candidate, wanted, speed, time, value, needed)

    usual = size or images.reduced(measured.size)
    twice = doubled(usual)
    if size is None and images.fits(twice) and (candidate.recipe, twice) in machine.speeds:
        larger = at(twice)
        if larger.time.images >= needed:
            return larger
    return at(usual)


def doubled(size: Size) -> Size:
    """Twice the width and the height."""
    return 2 * size[0], 2 * size[1]


def may_be_larger(forecast: Forecast, images: PlannedImages) -> bool:
    """Whether it is worth measuring a recipe at twice the size, which costs four times as much."""
    twice = doubled(forecast.size)
    reachable = forecast.time.images >= 2 * forecast.needed
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


def reasons(ranking: Ranking, images: PlannedImages) -> Iterator[str]:
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
    yield f"size {named_size(best.size)}: {_why_size(best, measured, images)}"


def _why_size(best: Forecast, measured: MeasuredSet, images: PlannedImages) -> str:
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

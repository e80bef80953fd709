"""The choice of a recipe, a size and a length: a pure function of images, machine and time.

Of the sets of images that recipes were measured on, the one most like the given images counts,
because metrics of different images cannot be compared. Of the recipes measured there, the one whose
measured curve is best at the number of images that this machine can show in the time is chosen. The
size is the measured one, or twice that if the best measured point can still be reached.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ganzoo.components import MetricSpec
from ganzoo.errors import RequestError
from ganzoo.planning.candidates import Candidate, MeasuredSet, preferred_metric
from ganzoo.planning.forecast import Forecast, PlanFacts, forecast
from ganzoo.planning.images import PlannedImages
from ganzoo.planning.timetable import TooShort

_REACH = 0.5
"""The distance of images whose results need e times as many images as can be shown."""
_SAME = 0.01
"""Metrics that differ by less count as the same."""


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
    facts: PlanFacts, candidates: Sequence[Candidate], metrics: Mapping[str, MetricSpec]
) -> Ranking:
    """The recipes in the order of what they would reach.

    Raises RequestError if there is none, and TooShort if all of them need more time.
    """
    found, left_out = list[Ranking](), dict[str, str]()
    shortest: TooShort | None = None
    for measured in _sets(candidates):
        try:
            ranking = _rank_on(measured, facts, candidates, metrics)
        except TooShort as error:
            shortest = min(shortest or error, error, key=lambda each: each.needed)
            continue
        if ranking.forecasts:
            found.append(ranking)
        else:
            left_out |= ranking.left_out
    if found:
        return min(
            found, key=lambda each: (*_distance(each, facts.images), each.measured.images.name)
        )
    if shortest:
        raise shortest
    reasons = _listed(left_out)
    raise RequestError(
        "no installed recipe with measured results can be used for these images"
        f"{f' ({reasons})' if reasons else ''}: name an architecture and a loss, too"
    )


def _listed(left_out: Mapping[str, str]) -> str:
    """Each reason once, after the recipes that it is for."""
    names: dict[str, list[str]] = {}
    for name, reason in sorted(left_out.items()):
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names[reason])}: {reason}" for reason in names)


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
    facts: PlanFacts,
    candidates: Sequence[Candidate],
    metrics: Mapping[str, MetricSpec],
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
            forecasts.append(forecast(facts, each, measured, metric, goal))
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

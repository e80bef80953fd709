"""Measures a run for a plan: its speed here, its evaluation, and whether images are prepared."""

from __future__ import annotations

from typing import NamedTuple

from ganzoo.benchmark.ceiling import matrix_product
from ganzoo.contracts import Condition, ImageShape, is_streamed
from ganzoo.data.cache import prepared_folder
from ganzoo.planning.looking import Found
from ganzoo.planning.request import PlanRequest
from ganzoo.planning.speeds import evaluation_of, speed_of
from ganzoo.planning.timetable import EvaluationCost, Speed
from ganzoo.run import Run
from ganzoo.sections import TrainOptions
from ganzoo.training.conditional import chosen_condition, network_condition
from ganzoo.training.engine import Engine
from ganzoo.training.switches import switches

_STEPS, _MOST_STEPS = 0.03, 4.0
"""The part of the budget for timing the steps of a run, and the seconds at most."""


class EvaluationFacts(NamedTuple):
    """How long an evaluation takes, and the metrics that can be computed."""

    cost: EvaluationCost = EvaluationCost()
    metrics: tuple[str, ...] = ()


def operations_here(request: PlanRequest) -> float:
    """The floating point operations per second of a large matrix product on the user's device."""
    given = request.given.values.get("train", {})
    chosen = {key: given[key] for key in ("device", "threads") if key in given}
    train = TrainOptions.model_validate(chosen)
    with switches(train):
        return matrix_product(Engine(train).device)


def speed_here(run: Run, found: Found, request: PlanRequest) -> Speed:
    """The speed of a run on this machine.

    Raises RequestError if it is not possible for these images.
    """
    request.show(f"measuring the speed of {run.architecture.entry.component.name}")
    condition = _condition(run, found)
    seconds = min(_MOST_STEPS, _STEPS * request.clock.budget)
    return speed_of(run, Engine(run.train), _shape(run, found), condition, seconds)


def evaluation_here(run: Run, found: Found, request: PlanRequest) -> EvaluationFacts:
    """The evaluation of a run on this machine; ``run`` has metrics and an extractor."""
    request.show("measuring the evaluation")
    counts = min(run.evaluate.real, found.images.count), run.evaluate.samples
    cost, names = evaluation_of(run, Engine(run.train), _shape(run, found), counts)
    return EvaluationFacts(cost, tuple(names))


def preparation_here(run: Run, found: Found) -> float:
    """The seconds to prepare the images; 0 if they are in the cache, or read during training."""
    if is_streamed(found.dataset):
        return 0.0
    name = run.dataset.entry.qualified_name
    if prepared_folder(found.dataset, run.data, name).exists():
        return 0.0
    return found.images.count * found.images.seconds_each


def _shape(run: Run, found: Found) -> ImageShape:
    return ImageShape(found.images.channels, run.data.height, run.data.width)


def _condition(run: Run, found: Found) -> Condition | None:
    return network_condition(run, chosen_condition(run, found.condition))

"""Measures a run for a plan: its speed here, its evaluation, and whether images are prepared."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import NamedTuple

from ganzoo.benchmark.ceiling import matrix_product
from ganzoo.contracts import Condition, ImageShape, is_streamed
from ganzoo.data.cache import prepared_folder
from ganzoo.device_time import now
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation.evaluator import compute
from ganzoo.evaluation.image_sets import CheckedExtractor, extract_features
from ganzoo.evaluation.metric_check import RandomImageSet
from ganzoo.planning.inspected_dataset import InspectedDataset
from ganzoo.planning.request import PlanRequest
from ganzoo.planning.timetable import EvaluationCost, Speed
from ganzoo.run import Run
from ganzoo.sections import TrainOptions
from ganzoo.training.conditional import chosen_condition, network_condition
from ganzoo.training.engine import Engine
from ganzoo.training.evaluation import configured_metric
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.separate_trainer import separate_trainer
from ganzoo.training.switches import switches

_STEPS, _MOST_STEPS = 0.03, 4.0
"""The part of the budget for timing the steps of a run, and the seconds at most."""
_IMAGES = 32
"""The images whose features are computed to measure the time."""
_COMPARED = 256
"""The random images that metrics are timed with."""
_WITH_BASELINES = 2.0
"""The first evaluation computes each metric for the baselines, too."""
_SLOWER = 1.5
"""How much slower features are among the other work of an evaluation."""


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


def speed_here(run: Run, found: InspectedDataset, request: PlanRequest) -> Speed:
    """The speed of a run on this machine.

    Raises RequestError if it is not possible for these images.
    """
    request.show(f"measuring the speed of {run.architecture.entry.component.name}")
    condition = _condition(run, found)
    seconds = min(_MOST_STEPS, _STEPS * request.clock.budget)
    return speed_of(run, Engine(run.train), _shape(run, found), condition, seconds)


def evaluation_here(run: Run, found: InspectedDataset, request: PlanRequest) -> EvaluationFacts:
    """The evaluation of a run on this machine; ``run`` has metrics and an extractor."""
    request.show("measuring the evaluation")
    counts = min(run.evaluate.real, found.images.count), run.evaluate.samples
    cost, names = evaluation_of(run, Engine(run.train), _shape(run, found), counts)
    return EvaluationFacts(cost, tuple(names))


def preparation_here(run: Run, found: InspectedDataset) -> float:
    """The seconds to prepare the images; 0 if they are in the cache, or read during training."""
    if is_streamed(found.dataset):
        return 0.0
    name = run.dataset.entry.qualified_name
    if prepared_folder(found.dataset, run.data, name).exists():
        return 0.0
    return found.images.count * found.images.seconds_each


def speed_of(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None, seconds: float
) -> Speed:
    """The speed of a run's steps, measured for about so many seconds on random images.

    Raises RequestError if the run is not possible for such images.
    """
    device = engine.device
    with switches(run.train), preserved_random_state(device):
        began = now(device)
        trainer = separate_trainer(run, engine, image_shape, condition)
        cycle = math.lcm(*(phase.every for phase in trainer.phases))
        with trainer.setup.passes.errors():
            trainer.step()
            start = now(device) - began
            steps, measured, images = 0, 0.0, trainer.progress.images_seen
            while steps < cycle or measured < seconds:
                before = now(device)
                trainer.step()
                measured, steps = measured + now(device) - before, steps + 1
                if measured > 4 * seconds and steps * 4 > cycle:
                    break  # a rare update, such as that of a lazy penalty, is not waited for
        shown = trainer.progress.images_seen - images
        networks = trainer.setup.networks.values()
        parameters = sum(p.numel() for network in networks for p in network.parameters())
    return Speed(shown / measured, measured / steps, start, parameters)


def evaluation_of(
    run: Run, engine: Engine, image_shape: ImageShape, counts: tuple[int, int]
) -> tuple[EvaluationCost, list[str]]:
    """How long an evaluation takes, and the names of the metrics that such images allow.

    ``counts`` are the numbers of real and of generated images. The run has metrics and an
    extractor; without them, or if none can be computed, there are no names.
    """
    if not run.extractor or not run.metrics:
        return EvaluationCost(), []
    with switches(run.train), preserved_random_state(engine.device):
        extract = run.extractor.build()
        if hasattr(extract, "to"):
            extract.to(engine.device)
        checked = CheckedExtractor(extract, run.extractor.entry.code)
        (images,) = RandomImageSet(image_shape, _IMAGES, checked, 0).batches()
        extract_features(checked, images.to(engine.device))
        began = now(engine.device)
        extract_features(checked, images.to(engine.device))
        each = (now(engine.device) - began) / _IMAGES
        usable, began = list[str](), time.perf_counter()
        few = [min(_COMPARED, count) for count in counts]
        sets = [RandomImageSet(image_shape, n, checked, seed) for seed, n in enumerate(few)]
        for name, chosen in run.metrics.items():
            with suppress(RequestError, PluginError):
                with suppress(ArithmeticError):  # it may be finite for real images
                    compute(configured_metric(chosen), *sets)
                usable.append(name)
    metrics = time.perf_counter() - began
    # Some parts take longer with more images, as pairs of them, and others with longer features.
    return EvaluationCost(_WITH_BASELINES * metrics, _SLOWER * each + metrics / _COMPARED), usable


def _shape(run: Run, found: InspectedDataset) -> ImageShape:
    return ImageShape(found.images.channels, run.data.height, run.data.width)


def _condition(run: Run, found: InspectedDataset) -> Condition | None:
    return network_condition(run, chosen_condition(run, found.condition))

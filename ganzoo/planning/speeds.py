"""Measures how fast a run and its evaluation are on this machine."""

from __future__ import annotations

import math
import time
from contextlib import suppress

from ganzoo.contracts import Condition, ImageShape
from ganzoo.device_time import now
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation.evaluator import compute
from ganzoo.evaluation.image_sets import CheckedExtractor, extract_features
from ganzoo.evaluation.metric_check import RandomImageSet
from ganzoo.planning.timetable import EvaluationCost, Speed
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.evaluation import configured_metric
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.separate_trainer import separate_trainer
from ganzoo.training.switches import switches

_IMAGES = 32
"""The images whose features are computed to measure the time."""
_COMPARED, _TWICE = 256, 2.0
"""The random images that metrics are computed for. Baselines are computed, too."""
_SLOWER = 1.5
"""How much slower features are among the other work of an evaluation."""


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
    return EvaluationCost(_TWICE * metrics, _SLOWER * each + metrics / _COMPARED), usable

"""The evaluation of a run's generator, during training or after it."""

from __future__ import annotations

import json
import time
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Extractor, Generator
from ganzoo.data.collection import Collection
from ganzoo.data.order import Indices
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.evaluation.evaluator import ConfiguredMetric, Evaluator, Failed, Progress, RealImages
from ganzoo.evaluation.record import Evaluated, Goal
from ganzoo.evaluation.sample import AT_ONCE, Extracting
from ganzoo.evaluation.store import Store, key_of
from ganzoo.evaluation.trial import refuse_impossible
from ganzoo.run import ConfiguredComponent, Run
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.sampling import ClassFrequencies, images_from_latents, latents_of


class Evaluation:
    """The metrics of a run, ready to measure its generator at any stage.

    Raises RequestError if there are none, or one of them or the extractor refuses.
    """

    def __init__(self, run: Run, data: Collection, device: torch.device | str = "cpu") -> None:
        if not run.metrics:
            raise RequestError("no metric is installed: `ganzoo list metrics` shows them")
        if not run.extractor:
            raise RequestError("no feature extractor is installed: name one, extractor=NAME")
        self.run = run
        self._data = data
        self._device = device
        extract: Extractor = run.extractor.build()
        if isinstance(extract, torch.nn.Module):
            extract.to(device)
        self.extract = Extracting(extract, run.extractor.entry.code)
        self._metrics = [_configured_metric(chosen) for chosen in run.metrics.values()]
        self.evaluator = lru_cache(maxsize=2)(self._evaluator_at)

    @property
    def note(self) -> str | None:
        """Which extractor was taken, if nobody has named one: another machine may take another."""
        extractor = self.run.extractor
        if not extractor or not extractor.automatic:
            return None
        return (
            f"extractor=auto chose the extractor {extractor.entry.component.name}; scores "
            "of other extractors cannot be compared with its own"
        )

    def refuse_impossible(self) -> None:
        """Try the metrics on random images of the run's full size.

        Raises RequestError if one of them refuses these, if the extractor fails, or if none of
        them gives the number ``evaluate.best``.
        """
        how, best = self.run.evaluate, self.run.evaluate.best
        counts = (min(how.real, len(self._data)), how.samples)
        names = refuse_impossible(self._metrics, self._data.shape, self.extract, counts)
        if best is not None and names is not None and best not in names:
            known = did_you_mean(best, names) or f"; there are {', '.join(names)}"
            raise RequestError(f"evaluate.best={best}: no metric gives this number{known}")

    def __call__(
        self,
        generator: Generator,
        point: GrowthPoint,
        step: int,
        images_seen: int,
        conditional: bool = False,
        progress: Progress = lambda what, done, total: None,
        failed: Failed | None = None,
    ) -> Evaluated:
        """Measure a generator that is in evaluation mode, as far as it is grown.

        Its images are those that ``ganzoo generate`` makes with the run's seed. The labels of a
        ``conditional`` one are as frequent as among the real images that it is compared with,
        also where ``data.balance`` trains all classes equally. Whatever ``progress`` raises ends
        it; what a metric raises is told to ``failed``, if that is there.
        """
        began = time.perf_counter()
        evaluator = self.evaluator(GrowthPoint(point.stage, 1.0))
        made = self._made(generator, conditional, progress)
        scores = evaluator(made, progress, failed)
        assert self.run.extractor
        return Evaluated(
            step=step,
            images_seen=images_seen,
            scores=scores,
            samples=len(made),
            real=len(evaluator.real.images),
            image_shape=tuple(made.shape[1:]),
            images=evaluator.real.identity,
            extractor=self.run.extractor.entry.component.name,
            features=self.extract.identity,
            seed=self.run.seed,
            seconds=round(time.perf_counter() - began, 1),
        )

    def _made(self, generator: Generator, conditional: bool, progress: Progress) -> Tensor:
        count = self.run.evaluate.samples
        frequencies = ClassFrequencies.of(self._data) if conditional else None
        made = []
        for numbers in torch.arange(count).split(AT_ONCE):
            progress("generated images", int(numbers[0]), count)
            wanted, seed = numbers.tolist(), self.run.seed
            labels = frequencies.labels(wanted, seed) if frequencies else None
            made.append(images_from_latents(generator, latents_of(generator, wanted, seed), labels))
        return torch.cat(made)

    def _evaluator_at(self, point: GrowthPoint) -> Evaluator:
        """That of the real images as small as they are at a stage."""
        shown = real_images(self.run, self._data, point)
        image = list(point.stage.image_shape)
        identity = key_of(content=self._data.identity, count=len(shown), image_shape=image)
        real = RealImages(shown, identity, self.extract, Store(), self._device)
        return Evaluator(self._metrics, real)


def real_images(run: Run, data: Collection, point: GrowthPoint) -> Tensor:
    """Those that a run's metrics compare with, as small as at a stage, uint8 (N, C, H, W)."""
    numbers = spread_evenly(data.indices, run.evaluate.real)
    taken = torch.from_numpy(data.store.take(numbers)).permute(0, 3, 1, 2)
    shown = [
        imaging.to_uint8(point.shrink(imaging.from_uint8(batch))) for batch in taken.split(AT_ONCE)
    ]
    return torch.cat(shown)


def _configured_metric(chosen: ConfiguredComponent) -> ConfiguredMetric:
    options = chosen.options.model_dump(mode="json")
    identity = f"{chosen.entry.qualified_name} {json.dumps(options, sort_keys=True)}"
    others = chosen.options.model_dump(mode="json", exclude_defaults=True)
    told = json.dumps(others, sort_keys=True) if others else ""
    goal: Goal = getattr(chosen.entry.component, "goal", "low")
    return ConfiguredMetric(chosen.build(), goal, identity, told, chosen.entry.code)


def spread_evenly(numbers: Indices, most: int) -> Indices:
    """At most so many of them, from all over."""
    count = min(most, len(numbers))
    return numbers[np.arange(count) * len(numbers) // count]

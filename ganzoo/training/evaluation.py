"""The evaluation of a run's generator by metrics, during training or after it."""

from __future__ import annotations

import json
import time
from functools import lru_cache, partial

import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import Condition, Extractor, Generator
from ganzoo.data.collection import Collection
from ganzoo.data.order import Indices, spread_evenly
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.evaluation.cache import EvaluationCache, cache_key
from ganzoo.evaluation.evaluator import ConfiguredMetric, Evaluator, Failed, Group
from ganzoo.evaluation.image_sets import AT_ONCE, CheckedExtractor, extract_features
from ganzoo.evaluation.metric_check import check_metrics
from ganzoo.evaluation.real_images import CachedRealImages, Progress
from ganzoo.evaluation.record import EvaluationResult, Goal, selection_metric
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.sampling import ConditionFrequencies, images_from_latents, latents_of
from ganzoo.training.shared_blocks import SharedBlocks

_IMAGES, _FEATURES = "generated images", "features of generated images"


class Evaluation:
    """The metrics of a run, ready to measure its generator at any stage.

    Raises RequestError if there are none, or if one of them or the extractor refuses its options.
    """

    def __init__(self, run: Run, data: Collection, device: torch.device | str = "cpu") -> None:
        if not (run.metrics and run.extractor):
            run = run.with_measures()
        if not run.metrics:
            raise RequestError("no metric is installed: `ganzoo list metrics` shows them")
        if not run.extractor:
            raise RequestError("no feature extractor is installed: choose one with extractor=NAME")
        if run.evaluate.per_class:
            _require_classes(run, data.condition)
        self.run = run
        self._data = data
        self._device = device
        extract: Extractor = run.extractor.build()
        if isinstance(extract, torch.nn.Module):
            extract.to(device)
        self.extract = CheckedExtractor(extract, run.extractor.entry.code)
        self._metrics = [configured_metric(chosen) for chosen in run.metrics.values()]
        self.evaluator = lru_cache(maxsize=2)(self._evaluator_at)

    @property
    def note(self) -> str | None:
        """A message about the extractor, if it was chosen automatically; None otherwise."""
        extractor = self.run.extractor
        if not extractor or not extractor.automatic:
            return None
        return (
            f"extractor=auto chose the extractor {extractor.entry.component.name}; "
            "metrics with its features cannot be compared with those of other extractors"
        )

    def check_metrics(self) -> None:
        """Try the metrics on random images of the run's full size.

        Raises RequestError if a metric refuses them, if the extractor fails, or if no metric
        returns the number ``evaluate.best``.
        """
        options, best = self.run.evaluate, self.run.evaluate.best
        counts = (min(options.real, len(self._data)), options.samples)
        names = check_metrics(self._metrics, self._data.shape, self.extract, counts)
        if best is not None and names is not None and not selection_metric(names, best):
            known = did_you_mean(best, names) or f"; there are {', '.join(names)}"
            raise RequestError(f"evaluate.best={best}: no metric returns this number{known}")

    def blocks_of(self, generator: Generator, engine: Engine | None = None) -> SharedBlocks:
        """The generated images and their features, which all processes compute together."""
        conditions, own = self._conditions(), dict[int, Tensor]()

        def generate(numbers: Tensor) -> Tensor:
            latents = latents_of(generator, numbers.tolist(), self.run.seed)
            rows = None if conditions is None else conditions[numbers]
            own[int(numbers[0])] = images = images_from_latents(generator, latents, rows)
            return images

        def extract(numbers: Tensor) -> Tensor:
            images = own.pop(int(numbers[0]))  # the same process has generated them
            return extract_features(self.extract, images.to(self._device))

        return SharedBlocks({_IMAGES: generate, _FEATURES: extract}, engine)

    def __call__(
        self,
        generator: Generator,
        point: GrowthPoint,
        step: int,
        images_seen: int,
        progress: Progress = lambda what, done, total: None,
        failed: Failed | None = None,
        blocks: SharedBlocks | None = None,
    ) -> EvaluationResult:
        """Measure a generator, which is in evaluation mode and at the stage of ``point``.

        Its images are those of ``ganzoo generate`` with the run's seed. The classes or values of a
        conditional run are as frequent as among the real images that it is compared with, even if
        ``data.balance`` trains all classes equally. An exception in ``progress`` is raised;
        one in a metric is passed to ``failed``, if given. With several processes, ``blocks`` are
        those of ``blocks_of``.
        """
        start = time.perf_counter()
        evaluator = self.evaluator(GrowthPoint(point.stage, 1.0))
        blocks = blocks or self.blocks_of(generator)
        generated = blocks.compute(_IMAGES, self.run.evaluate.samples, progress)
        compute_features = partial(blocks.compute, _FEATURES, len(generated), progress)
        scores = evaluator(generated, progress, failed, self._groups(), compute_features)
        assert self.run.extractor
        return EvaluationResult(
            step=step,
            images_seen=images_seen,
            scores=scores,
            samples=len(generated),
            real=len(evaluator.real.images),
            image_shape=tuple(generated.shape[1:]),
            images=evaluator.real.identity,
            extractor=self.run.extractor.entry.component.name,
            features=self.extract.identity,
            seed=self.run.seed,
            seconds=round(time.perf_counter() - start, 1),
        )

    def _conditions(self) -> Tensor | None:
        """What the generator is told about each image; ``None`` if it is not conditional."""
        if not self.run.data.conditional:
            return None
        numbers = range(self.run.evaluate.samples)
        return ConditionFrequencies.of(self._data).sample(numbers, self.run.seed)

    def _groups(self) -> dict[str, Group]:
        """With ``evaluate.per_class``, the real and the generated images of each class."""
        condition, values = self._data.condition, self._data.values
        if not self.run.evaluate.per_class:
            return {}
        conditions = self._conditions()
        assert condition is not None
        assert values is not None
        assert conditions is not None
        real = torch.from_numpy(values[_real_numbers(self.run, self._data)])

        def members(of_images: Tensor, label: int) -> Tensor:
            one = condition.kind == "class"
            return (of_images == label if one else of_images[:, label] == 1).nonzero()[:, 0]

        groups = {
            name: Group(members(real, label), members(conditions, label))
            for label, name in enumerate(condition.names)
        }
        return {
            name: each for name, each in groups.items() if len(each.real) and len(each.generated)
        }

    def _evaluator_at(self, point: GrowthPoint) -> Evaluator:
        """The evaluator with the real images at a stage's resolution."""
        images = real_images(self.run, self._data, point)
        image = list(point.stage.image_shape)
        identity = cache_key(content=self._data.identity, count=len(images), image_shape=image)
        real = CachedRealImages(images, identity, self.extract, EvaluationCache(), self._device)
        return Evaluator(self._metrics, real)


def real_images(run: Run, data: Collection, point: GrowthPoint) -> Tensor:
    """The real images of a run's metrics at a stage's resolution, uint8 (N, C, H, W)."""
    taken = torch.from_numpy(data.store.take(_real_numbers(run, data))).permute(0, 3, 1, 2)
    batches = [
        imaging.to_uint8(point.shrink(imaging.from_uint8(batch))) for batch in taken.split(AT_ONCE)
    ]
    return torch.cat(batches)


def _real_numbers(run: Run, data: Collection) -> Indices:
    return spread_evenly(data.indices, run.evaluate.real)


def _require_classes(run: Run, condition: Condition | None) -> None:
    """Raise RequestError unless the generator can be asked for a class."""
    if not run.data.conditional:
        raise RequestError(
            "evaluate.per_class: the run is not conditional, so it has no images of one class: "
            "train with data.conditional=true"
        )
    if condition and condition.kind == "vector":
        raise RequestError(f"evaluate.per_class: the images have {condition}, not classes")


def configured_metric(chosen: ConfiguredComponent) -> ConfiguredMetric:
    """A metric of a run, ready to compare images."""
    options = chosen.options.model_dump(mode="json")
    identity = f"{chosen.entry.qualified_name} {json.dumps(options, sort_keys=True)}"
    others = chosen.options.model_dump(mode="json", exclude_defaults=True)
    shown = json.dumps(others, sort_keys=True) if others else ""
    goal: Goal = getattr(chosen.entry.component, "goal", "low")
    return ConfiguredMetric(chosen.build(), goal, identity, shown, chosen.entry.code)

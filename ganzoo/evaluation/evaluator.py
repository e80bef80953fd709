"""All chosen metrics of generated images, each beside what real images get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageSet, Metric, MetricValue
from ganzoo.errors import RequestError, in_one_line
from ganzoo.evaluation.record import Goal, Score
from ganzoo.evaluation.sample import ImageArraySet
from ganzoo.evaluation.store import Store, key_of
from ganzoo.structure import require_metric_values

Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and how much there is."""

Failed = Callable[[str, Exception], None]
"""Told which metric could not be measured, and why."""


class ConfiguredMetric(NamedTuple):
    """A metric that is ready to measure."""

    measure: Metric
    goal: Goal
    identity: str
    """Its full name and its options."""
    options: str = ""
    """Those that are not the default, as JSON; empty if there are none."""
    code: AbstractContextManager[None] = nullcontext()
    """Whose an error of it is."""

    @property
    def name(self) -> str:
        """The metric's short name."""
        return self.identity.partition(" ")[0].rpartition("/")[2]


def measured(gauge: ConfiguredMetric, real: ImageSet, fake: ImageSet) -> dict[str, MetricValue]:
    """What a metric says.

    Raises RequestError if it refuses, and ArithmeticError if a number is not finite.
    """
    with gauge.code:
        try:
            numbers = gauge.measure(real, fake)
        except RequestError:
            raise
        except (ValueError, LookupError) as error:
            raise RequestError(f"the metric {gauge.name}: {in_one_line(error)}") from error
        require_metric_values(numbers, gauge.measure)
    for name, number in numbers.items():
        if not isfinite(number.value):
            raise ArithmeticError(f"the metric {name} became {number.value}")
    return dict(numbers)


class RealImages:
    """The real images that generated ones are compared with, and what is kept of them.

    ``identity`` is that of the images' content and of how they were chosen and prepared.
    """

    def __init__(
        self,
        images: Tensor,
        identity: str,
        extract: Extractor,
        store: Store,
        device: torch.device | str = "cpu",
    ) -> None:
        self.images = images
        self.identity = identity
        self.extract = extract
        self.store = store
        self.device = device

    def sample(self, progress: Progress) -> ImageSet:
        """All of them; their features come from the store if they are there."""
        return _Kept(self, progress)


class _Kept(ImageArraySet):
    """Real images whose features are looked up before they are calculated, and kept then."""

    def __init__(self, real: RealImages, progress: Progress) -> None:
        super().__init__(
            real.images,
            real.extract,
            device=real.device,
            progress=lambda done, total: progress("features of real images", done, total),
        )
        self._store = real.store
        self._key = key_of(images=real.identity, features=real.extract.identity)

    def _calculated(self) -> Tensor:
        found = self._store.features(self._key)
        if found is not None and len(found) == len(self):
            return found
        features = super()._calculated()
        self._store.keep_features(self._key, features)
        return features


class _Watched:
    """A sample that remembers whether somebody asked for its features."""

    def __init__(self, sample: ImageSet) -> None:
        self._sample = sample
        self.by_features = False
        self.shape = sample.shape
        self.batches = sample.batches

    def __len__(self) -> int:
        return len(self._sample)

    @property
    def features(self) -> Tensor:
        self.by_features = True
        return self._sample.features


class Evaluator:
    """Measures generated images by these gauges, which share one set of features."""

    def __init__(self, gauges: Sequence[ConfiguredMetric], real: RealImages) -> None:
        self._gauges = gauges
        self.real = real

    def __call__(
        self,
        made: Tensor,
        progress: Progress = lambda what, done, total: None,
        failed: Failed | None = None,
    ) -> dict[str, Score]:
        """The scores of generated images, uint8 (N, C, H, W) of the real ones' shape, by name.

        A metric that fails is left out if ``failed`` is there to be told of it. Otherwise its
        error is raised: RequestError if the metric refused, ArithmeticError if a number is not
        finite.
        """
        real = self.real.sample(progress)
        fake = ImageArraySet(
            made,
            self.real.extract,
            device=self.real.device,
            progress=lambda done, total: progress("features of generated images", done, total),
        )
        scores: dict[str, Score] = {}
        for number, gauge in enumerate(self._gauges, 1):
            progress("metrics", number - 1, len(self._gauges))
            try:
                scores |= self._scored(gauge, real, fake)
            except Exception as error:
                if failed is None:
                    raise
                failed(gauge.name, error)
            progress("metrics", number, len(self._gauges))
        return scores

    def _scored(self, gauge: ConfiguredMetric, real: ImageSet, fake: ImageSet) -> dict[str, Score]:
        watched = _Watched(fake)
        numbers = measured(gauge, real, watched)
        by_features = watched.by_features
        baselines = self._baselines(gauge, real, by_features)
        scores = {}
        for name, (value, images) in numbers.items():
            baseline, behind = baselines.get(name, (None, 0))
            scores[name] = Score(
                value, images, baseline, behind, gauge.goal, by_features, gauge.options
            )
        return scores

    def _baselines(
        self, gauge: ConfiguredMetric, real: ImageSet, by_features: bool
    ) -> Mapping[str, MetricValue]:
        """What the metric says of one half of the real images against the other."""
        if len(real) < 4:
            return {}
        features = self.real.extract.identity if by_features else ""
        key = key_of(images=self.real.identity, metric=gauge.identity, features=features)
        kept = self.real.store.numbers(key)
        if kept is None:
            one, other = (_half(self.real, real, start, by_features) for start in (0, 1))
            try:
                kept = measured(gauge, one, other)
            except RequestError:  # half of the images may be too few for it
                return {}
            self.real.store.keep_numbers(key, kept)
        return kept


def _half(images: RealImages, real: ImageSet, start: int, by_features: bool) -> ImageArraySet:
    """Every second one: those that lie side by side, such as of one class, go to both."""
    features = real.features[start::2] if by_features else None
    return ImageArraySet(images.images[start::2], features=features)

"""All chosen metrics of generated pictures, each beside what real pictures get."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.contracts import Extract, Measure, Measured, Sample
from ganzoo.errors import RequestError, in_one_line
from ganzoo.evaluation.record import Goal, Score
from ganzoo.evaluation.sample import PictureSample
from ganzoo.evaluation.store import Store, key_of
from ganzoo.structure import require_measured

Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and how much there is."""

Failed = Callable[[str, Exception], None]
"""Told which metric could not be measured, and why."""


class Gauge(NamedTuple):
    """A metric that is ready to measure."""

    measure: Measure
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


def measured(gauge: Gauge, real: Sample, fake: Sample) -> dict[str, Measured]:
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
        require_measured(numbers, gauge.measure)
    for name, number in numbers.items():
        if not isfinite(number.value):
            raise ArithmeticError(f"the metric {name} became {number.value}")
    return dict(numbers)


class RealPictures:
    """The real pictures that generated ones are compared with, and what is kept of them.

    ``identity`` is that of the pictures' content and of how they were chosen and prepared.
    """

    def __init__(
        self,
        pictures: Tensor,
        identity: str,
        extract: Extract,
        store: Store,
        device: torch.device | str = "cpu",
    ) -> None:
        self.pictures = pictures
        self.identity = identity
        self.extract = extract
        self.store = store
        self.device = device

    def sample(self, progress: Progress) -> Sample:
        """All of them; their features come from the store if they are there."""
        return _Kept(self, progress)


class _Kept(PictureSample):
    """Real pictures whose features are looked up before they are calculated, and kept then."""

    def __init__(self, real: RealPictures, progress: Progress) -> None:
        super().__init__(
            real.pictures,
            real.extract,
            device=real.device,
            progress=lambda done, total: progress("features of real pictures", done, total),
        )
        self._store = real.store
        self._key = key_of(pictures=real.identity, features=real.extract.identity)

    def _calculated(self) -> Tensor:
        found = self._store.features(self._key)
        if found is not None and len(found) == len(self):
            return found
        features = super()._calculated()
        self._store.keep_features(self._key, features)
        return features


class _Watched:
    """A sample that remembers whether somebody asked for its features."""

    def __init__(self, sample: Sample) -> None:
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
    """Measures generated pictures by these gauges, which share one set of features."""

    def __init__(self, gauges: Sequence[Gauge], real: RealPictures) -> None:
        self._gauges = gauges
        self.real = real

    def __call__(
        self,
        made: Tensor,
        progress: Progress = lambda what, done, total: None,
        failed: Failed | None = None,
    ) -> dict[str, Score]:
        """The scores of generated pictures, uint8 (N, C, H, W) of the real ones' shape, by name.

        A metric that fails is left out if ``failed`` is there to be told of it. Otherwise its
        error is raised: RequestError if the metric refused, ArithmeticError if a number is not
        finite.
        """
        real = self.real.sample(progress)
        fake = PictureSample(
            made,
            self.real.extract,
            device=self.real.device,
            progress=lambda done, total: progress("features of generated pictures", done, total),
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

    def _scored(self, gauge: Gauge, real: Sample, fake: Sample) -> dict[str, Score]:
        watched = _Watched(fake)
        numbers = measured(gauge, real, watched)
        by_features = watched.by_features
        floors = self._floors(gauge, real, by_features)
        scores = {}
        for name, (value, pictures) in numbers.items():
            floor, behind = floors.get(name, (None, 0))
            scores[name] = Score(
                value, pictures, floor, behind, gauge.goal, by_features, gauge.options
            )
        return scores

    def _floors(self, gauge: Gauge, real: Sample, by_features: bool) -> Mapping[str, Measured]:
        """What the metric says of one half of the real pictures against the other."""
        if len(real) < 4:
            return {}
        features = self.real.extract.identity if by_features else ""
        key = key_of(pictures=self.real.identity, metric=gauge.identity, features=features)
        kept = self.real.store.numbers(key)
        if kept is None:
            one, other = (_half(self.real, real, start, by_features) for start in (0, 1))
            try:
                kept = measured(gauge, one, other)
            except RequestError:  # half of the images may be too few for it
                return {}
            self.real.store.keep_numbers(key, kept)
        return kept


def _half(pictures: RealPictures, real: Sample, start: int, by_features: bool) -> PictureSample:
    """Every second one: those that lie side by side, such as of one class, go to both."""
    features = real.features[start::2] if by_features else None
    return PictureSample(pictures.pictures[start::2], features=features)

"""The values of metrics for generated images, each with its baseline on real images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import isfinite
from typing import NamedTuple

from torch import Tensor

from ganzoo.contracts import ImageSet, Metric, MetricValue
from ganzoo.errors import RequestError, in_one_line
from ganzoo.evaluation.cache import cache_key
from ganzoo.evaluation.image_sets import FeatureUseRecorder, PartOfImageSet, TensorImageSet
from ganzoo.evaluation.real_images import CachedRealImages, Progress
from ganzoo.evaluation.record import Goal, Score
from ganzoo.returned_values import require_metric_values

Failed = Callable[[str, Exception], None]
"""Called with the name of a metric that failed, and its error."""


class ConfiguredMetric(NamedTuple):
    """A metric with its options."""

    metric: Metric
    goal: Goal
    identity: str
    """Its qualified name and its options; baselines are cached by it."""
    options: str = ""
    """The options that differ from their defaults, as JSON; empty if there are none."""
    code: AbstractContextManager[None] = nullcontext()
    """The plugin's code: attributes an error to the plugin."""

    @property
    def name(self) -> str:
        """The metric's short name."""
        return self.identity.partition(" ")[0].rpartition("/")[2]


def compute(configured: ConfiguredMetric, real: ImageSet, fake: ImageSet) -> dict[str, MetricValue]:
    """The values of a metric, by name.

    Raises RequestError if the metric rejects the images, and ArithmeticError if a value is not
    finite.
    """
    with configured.code:
        try:
            values = configured.metric(real, fake)
        except RequestError:
            raise
        except (ValueError, LookupError) as error:
            raise RequestError(f"the metric {configured.name}: {in_one_line(error)}") from error
        require_metric_values(values, configured.metric)
    for name, value in values.items():
        if not isfinite(value.value):
            raise ArithmeticError(f"the metric {name} became {value.value}")
    return dict(values)


class Group(NamedTuple):
    """Real images, and the generated ones that are compared with them."""

    real: Tensor
    """Their numbers, int64."""
    generated: Tensor


class Evaluator:
    """Computes all metrics of generated images; they share one set of features."""

    def __init__(self, metrics: Sequence[ConfiguredMetric], real: CachedRealImages) -> None:
        self._metrics = metrics
        self.real = real

    def __call__(
        self,
        made: Tensor,
        progress: Progress = lambda what, done, total: None,
        failed: Failed | None = None,
        groups: Mapping[str, Group] = {},
        compute_features: Callable[[], Tensor] | None = None,
    ) -> dict[str, Score]:
        """The scores of generated images, uint8 (N, C, H, W) of the real ones' shape, by name.

        Those of each group are named ``class/GROUP/...``; a metric that rejects the few images of a
        group has no score there. ``compute_features`` computes those of the generated images, if
        this process alone is not to do it. With ``failed``, a metric that fails is skipped and
        reported to it. Without, its error is raised: RequestError if the metric rejected the
        images, ArithmeticError if a value is not finite.
        """
        real = self.real.image_set(progress)
        fake = TensorImageSet(
            made,
            self.real.extract,
            device=self.real.device,
            progress=lambda done, total: progress("features of generated images", done, total),
            compute_features=compute_features,
        )
        scores: dict[str, Score] = {}
        for number, configured in enumerate(self._metrics, 1):
            progress("metrics", number - 1, len(self._metrics))
            try:
                scores |= self._scores(configured, real, fake, self.real)
            except Exception as error:
                if failed is None:
                    raise
                failed(configured.name, error)
            progress("metrics", number, len(self._metrics))
        for number, (name, group) in enumerate(groups.items()):
            progress("metrics of classes", number, len(groups))
            of_group = self._scores_of_group(name, group, real, made, fake, failed)
            scores |= {f"class/{name}/{value}": score for value, score in of_group.items()}
        return scores

    def _scores_of_group(
        self,
        name: str,
        group: Group,
        real: ImageSet,
        made: Tensor,
        fake: ImageSet,
        failed: Failed | None,
    ) -> dict[str, Score]:
        """The scores of the metrics that do not reject so few images."""
        cached = self.real.of(group.real, name)
        sets = (
            PartOfImageSet(real, self.real.images, group.real),
            PartOfImageSet(fake, made, group.generated),
        )
        scores: dict[str, Score] = {}
        for configured in self._metrics:
            try:
                scores |= self._scores(configured, *sets, cached)
            except (RequestError, ArithmeticError):
                continue
            except Exception as error:
                if failed is None:
                    raise
                failed(configured.name, error)
        return scores

    def _scores(
        self, configured: ConfiguredMetric, real: ImageSet, fake: ImageSet, cached: CachedRealImages
    ) -> dict[str, Score]:
        recorder = FeatureUseRecorder(fake)
        values = compute(configured, real, recorder)
        by_features = recorder.features_used
        baselines = _baselines(configured, cached, real, by_features)
        scores = {}
        for name, (value, images) in values.items():
            baseline, baseline_images = baselines.get(name, (None, 0))
            scores[name] = Score(
                value,
                images,
                baseline,
                baseline_images,
                configured.goal,
                by_features,
                configured.options,
            )
        return scores


def _baselines(
    configured: ConfiguredMetric, cached: CachedRealImages, real: ImageSet, by_features: bool
) -> Mapping[str, MetricValue]:
    """The metric's values for one half of the real images against the other half."""
    if len(real) < 4:
        return {}
    features = cached.extract.identity if by_features else ""
    key = cache_key(images=cached.identity, metric=configured.identity, features=features)
    values = cached.cache.load_values(key)
    if values is None:
        halves = (_half(cached, real, start, by_features) for start in (0, 1))
        try:
            values = compute(configured, *halves)
        except RequestError:  # half of the images may be too few for the metric
            return {}
        cached.cache.save_values(key, values)
    return values


def _half(
    images: CachedRealImages, real: ImageSet, start: int, by_features: bool
) -> TensorImageSet:
    """Every second image, so that images sorted by class are in both halves."""
    features = real.features[start::2] if by_features else None
    return TensorImageSet(images.images[start::2], features=features)

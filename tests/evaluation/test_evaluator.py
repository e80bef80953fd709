from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue
from ganzoo.evaluation.cache import EvaluationCache
from ganzoo.evaluation.evaluator import ConfiguredMetric, Evaluator, Group
from ganzoo.evaluation.real_images import CachedRealImages


class Means:
    """Features: the mean of each channel. It counts its images."""

    identity = "means"

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return images.float().mean(dim=(2, 3))


class ByFeatures:
    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        difference = (fake.features.mean() - real.features.mean()).item()
        return {"difference": MetricValue(difference, len(fake))}


class ByPixels:
    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        return {"largest": MetricValue(max(b.max().item() for b in fake.batches()), len(fake))}


def images(*shades: int) -> Tensor:
    return torch.tensor(shades, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 4)


METRICS = [
    ConfiguredMetric(ByFeatures(), "low", "features"),
    ConfiguredMetric(ByPixels(), "high", "pixels"),
]


def evaluator(extract: Means, folder: Path, metrics: list[ConfiguredMetric] = METRICS) -> Evaluator:
    real = CachedRealImages(images(0, 10, 0, 10, 0, 10), "six", extract, EvaluationCache(folder))
    return Evaluator(metrics, real)


def test_each_score_has_a_baseline_of_real_images(tmp_path: Path) -> None:
    scores = evaluator(Means(), tmp_path)(images(20, 30))
    difference, largest = scores["difference"], scores["largest"]
    assert (difference.value, difference.images, difference.goal, difference.by_features) == (
        20,
        2,
        "low",
        True,
    )
    assert (largest.value, largest.images, largest.goal, largest.by_features) == (
        30,
        2,
        "high",
        False,
    )
    # One half are all the zeros, the other all the tens.
    assert (difference.baseline, difference.baseline_images) == (10, 3)
    assert (largest.baseline, largest.baseline_images) == (10, 3)


def test_features_are_computed_once_and_cached_for_real_images(tmp_path: Path) -> None:
    first, second = Means(), Means()
    again = [*METRICS, ConfiguredMetric(ByFeatures(), "low", "again")]
    one = evaluator(first, tmp_path, again)(images(20, 30))
    other = evaluator(second, tmp_path, again)(images(20, 30))
    assert one == other
    assert (first.seen, second.seen) == (8, 2)


def test_features_are_not_computed_if_no_metric_reads_them(tmp_path: Path) -> None:
    extract = Means()
    evaluator(extract, tmp_path, METRICS[1:])(images(20, 30))
    assert extract.seen == 0


def test_few_real_images_have_no_baseline(tmp_path: Path) -> None:
    real = CachedRealImages(images(0, 10, 5), "three", Means(), EvaluationCache(tmp_path))
    score = Evaluator(METRICS, real)(images(20))["difference"]
    assert (score.baseline, score.baseline_images) == (None, 0)


def test_baselines_are_cached_by_the_options_of_the_metric(tmp_path: Path) -> None:
    evaluator(Means(), tmp_path)(images(20))
    assert len(list(tmp_path.glob("*.json"))) == 3  # of the features and two baselines
    evaluator(Means(), tmp_path, [ConfiguredMetric(ByPixels(), "high", "pixels, otherwise")])(
        images(20)
    )
    assert len(list(tmp_path.glob("*.json"))) == 4


class FailsOnFew:
    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        if len(fake) < 3:
            raise RuntimeError("too few")
        return {"enough": MetricValue(1.0, len(fake))}


def test_a_metric_that_fails_for_a_class_does_not_lose_the_other_scores(tmp_path: Path) -> None:
    groups = {name: Group(torch.arange(6), torch.tensor([n])) for n, name in enumerate("abc")}
    metrics = [ConfiguredMetric(FailsOnFew(), "low", "few"), *METRICS]
    failures: list[str] = []
    scores = evaluator(Means(), tmp_path, metrics)(
        images(20, 30, 40), groups=groups, failed=lambda name, error: failures.append(name)
    )
    assert scores["class/c/difference"].value == 35
    assert scores["enough"].value == 1
    assert failures == ["few"] * 3
    with pytest.raises(RuntimeError, match="too few"):
        evaluator(Means(), tmp_path, metrics)(images(20, 30, 40), groups=groups)


def test_progress_is_reported(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    evaluator(Means(), tmp_path)(images(20, 30), lambda *progress: calls.append(progress))
    assert calls[0] == ("metrics", 0, 2)
    assert ("features of real images", 6, 6) in calls
    assert calls[-1] == ("metrics", 2, 2)

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import ImageSet, MetricValue
from ganzoo.evaluation.evaluator import ConfiguredMetric, Evaluator, RealImages
from ganzoo.evaluation.store import Store


class Means:
    """Features: the mean of each channel. It counts how many images it was shown."""

    identity = "means"

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return images.float().mean(dim=(2, 3))


class ByFeatures:
    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        away = (fake.features.mean() - real.features.mean()).item()
        return {"away": MetricValue(away, len(fake))}


class ByPixels:
    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        return {"most": MetricValue(max(b.max().item() for b in fake.batches()), len(fake))}


def images(*shades: int) -> Tensor:
    return torch.tensor(shades, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 4)


GAUGES = [
    ConfiguredMetric(ByFeatures(), "low", "features"),
    ConfiguredMetric(ByPixels(), "high", "pixels"),
]


def evaluator(extract: Means, folder: Path, gauges: list[ConfiguredMetric] = GAUGES) -> Evaluator:
    real = RealImages(images(0, 10, 0, 10, 0, 10), "six", extract, Store(folder))
    return Evaluator(gauges, real)


def test_each_score_has_that_of_real_images_beside_it(tmp_path: Path) -> None:
    scores = evaluator(Means(), tmp_path)(images(20, 30))
    away, most = scores["away"], scores["most"]
    assert (away.value, away.images, away.goal, away.by_features) == (20, 2, "low", True)
    assert (most.value, most.images, most.goal, most.by_features) == (30, 2, "high", False)
    # One half are all the zeros, the other all the tens.
    assert (away.baseline, away.baseline_images) == (10, 3)
    assert (most.baseline, most.baseline_images) == (10, 3)


def test_features_are_calculated_once_and_of_real_images_never_again(tmp_path: Path) -> None:
    first, second = Means(), Means()
    again = [*GAUGES, ConfiguredMetric(ByFeatures(), "low", "again")]
    one = evaluator(first, tmp_path, again)(images(20, 30))
    other = evaluator(second, tmp_path, again)(images(20, 30))
    assert one == other
    assert (first.seen, second.seen) == (8, 2)


def test_where_no_metric_asks_for_features_there_are_none(tmp_path: Path) -> None:
    extract = Means()
    evaluator(extract, tmp_path, GAUGES[1:])(images(20, 30))
    assert extract.seen == 0


def test_of_few_real_images_there_is_no_floor(tmp_path: Path) -> None:
    real = RealImages(images(0, 10, 5), "three", Means(), Store(tmp_path))
    score = Evaluator(GAUGES, real)(images(20))["away"]
    assert (score.baseline, score.baseline_images) == (None, 0)


def test_other_options_or_images_are_other_baselines(tmp_path: Path) -> None:
    evaluator(Means(), tmp_path)(images(20))
    assert len(list(tmp_path.glob("*.json"))) == 3  # of the features and two baselines
    evaluator(Means(), tmp_path, [ConfiguredMetric(ByPixels(), "high", "pixels, otherwise")])(
        images(20)
    )
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_progress_may_end_it(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    evaluator(Means(), tmp_path)(images(20, 30), lambda *progress: told.append(progress))
    assert told[0] == ("metrics", 0, 2)
    assert ("features of real images", 6, 6) in told
    assert told[-1] == ("metrics", 2, 2)

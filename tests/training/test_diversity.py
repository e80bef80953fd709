from __future__ import annotations

import pytest
import torch

from ganzoo.training.diversity import COLLAPSED, CollapseDetector, diversity


def images(*shades: int) -> torch.Tensor:
    return torch.tensor(shades, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 5)


def test_diversity_is_the_mean_distance_to_the_nearest_image() -> None:
    assert diversity(images(0, 255)) == pytest.approx(1)
    assert diversity(images(0, 51, 255)) == pytest.approx((0.2 + 0.2 + 0.8) / 3)
    assert diversity(images(7, 7, 7)) == pytest.approx(0, abs=1e-6)


def test_copies_of_several_images_have_no_diversity() -> None:
    assert diversity(images(0, 0, 255, 255)) == pytest.approx(0, abs=1e-6)


def test_a_collapse_is_detected_once() -> None:
    detector = CollapseDetector()
    ratios = [0.5, 0.9, COLLAPSED / 2, COLLAPSED / 3, 0.9, COLLAPSED / 2]
    assert [detector.collapsed(ratio, 64) for ratio in ratios] == [*[False] * 2, True, *[False] * 3]


def test_a_generator_without_diversity_at_the_start_is_reported_after_the_warmup() -> None:
    detector = CollapseDetector()
    assert not detector.collapsed(0.0, 6400)
    assert detector.collapsed(0.0, 200_000)

from __future__ import annotations

import pytest
import torch

from ganzoo.training.diversity import COLLAPSED, CollapseDetector, diversity


def images(*shades: int) -> torch.Tensor:
    return torch.tensor(shades, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 5)


def test_it_is_the_distance_to_the_most_alike() -> None:
    assert diversity(images(0, 255)) == pytest.approx(1)
    assert diversity(images(0, 51, 255)) == pytest.approx((0.2 + 0.2 + 0.8) / 3)
    assert diversity(images(7, 7, 7)) == pytest.approx(0, abs=1e-6)


def test_images_of_a_few_kinds_are_no_more_diverse_than_one_kind() -> None:
    assert diversity(images(0, 0, 255, 255)) == pytest.approx(0, abs=1e-6)


def test_a_generator_that_repeats_itself_is_noticed_once() -> None:
    watch = CollapseDetector()
    ratios = [0.5, 0.9, COLLAPSED / 2, COLLAPSED / 3, 0.9, COLLAPSED / 2]
    assert [watch.collapsed(ratio, 64) for ratio in ratios] == [*[False] * 2, True, *[False] * 3]


def test_one_that_learns_yet_has_time() -> None:
    watch = CollapseDetector()
    assert not watch.collapsed(0.0, 6400)
    assert watch.collapsed(0.0, 200_000)

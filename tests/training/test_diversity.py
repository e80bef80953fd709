from __future__ import annotations

import pytest
import torch

from ganzoo.training.diversity import diversity


def images(*shades: int) -> torch.Tensor:
    return torch.tensor(shades, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 3, 4, 5)


def test_diversity_is_the_mean_distance_to_the_nearest_image() -> None:
    assert diversity(images(0, 255)) == pytest.approx(1)
    assert diversity(images(0, 51, 255)) == pytest.approx((0.2 + 0.2 + 0.8) / 3)
    assert diversity(images(7, 7, 7)) == pytest.approx(0, abs=1e-6)


def test_copies_of_several_images_have_no_diversity() -> None:
    assert diversity(images(0, 0, 255, 255)) == pytest.approx(0, abs=1e-6)

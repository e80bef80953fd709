from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from ganzoo import Augmentation, ImageShape
from ganzoo.augment.pipeline import Pipeline
from ganzoo.shard import Shard
from ganzoo_discriminator_augment import DiffAugmentOptions, ganzoo_augmentations
from ganzoo_discriminator_augment.cutout import kept_pixels
from ganzoo_discriminator_augment.diffaugment import DiffAugment, recolored, translated

COMPONENTS = {component.name: component for component in ganzoo_augmentations()}
SIMPLE = ("diffaugment", "cutout", "noise")


def build(name: str, **options: Any) -> Any:
    component = COMPONENTS[name]
    return component.build(component.options(**options))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=seeded(1)) * 2 - 1


def applied(augmentation: Augmentation, images: Tensor, seed: int = 0) -> Tensor:
    return Pipeline([augmentation])(images, seeded(seed))


def test_color_is_brightness_then_saturation_then_contrast() -> None:
    images = noise(5, 3, 4, 6)
    brightness, saturation, contrast = torch.rand(3, 5, generator=seeded())
    expected = images + brightness[:, None, None, None]
    mean = expected.mean(1, keepdim=True)
    expected = mean + saturation[:, None, None, None] * (expected - mean)
    mean = expected.mean((1, 2, 3), keepdim=True)
    expected = mean + contrast[:, None, None, None] * (expected - mean)
    torch.testing.assert_close(recolored(images, brightness, saturation, contrast), expected)


@pytest.mark.parametrize("size", [(8, 16), (12, 20)])
def test_translation_moves_pixels_unchanged_and_pads_with_gray(size: tuple[int, int]) -> None:
    images = noise(2, 3, *size)
    moved = translated(images, torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.0]))
    assert torch.equal(moved[0, :, 1:, 2:], images[0, :, :-1, :-2])
    assert not moved[0, :, :1].any()
    assert not moved[0, :, :, :2].any()
    assert torch.equal(moved[1, :, :, :-1], images[1, :, :, 1:])
    assert not moved[1, :, :, -1].any()


def test_diffaugment_samples_the_ranges_of_the_paper() -> None:
    drawn = DiffAugment(DiffAugmentOptions()).sample_parameters(
        4096, ImageShape(3, 32, 64), seeded()
    )
    ranges = [(-0.5, 0.5), (0, 2), (0.5, 1.5), (-8, 8), (-4, 4), (0, 1), (0, 1)]
    for values, (low, high) in zip(drawn.unbind(1), ranges, strict=True):
        room = (high - low) / 100
        assert low <= values.min() <= low + room
        assert high - room <= values.max() <= high
    assert len(drawn[:, 3].unique()) == 17
    assert len(drawn[:, 4].unique()) == 9


def test_the_rectangle_has_half_the_sides_and_is_at_its_center() -> None:
    kept = kept_pixels(noise(2, 3, 8, 16), torch.tensor([[0.5, 0.5, 0.25], [0.0, 0.25, 0.25]]))
    expected = torch.ones(2, 1, 8, 16)
    expected[0, :, 2:6, 4:12] = 0
    expected[1, :, :4, :4] = 0
    assert torch.equal(kept, expected)


@pytest.mark.parametrize("policy", ["color", "translation", "cutout"])
def test_a_policy_uses_only_its_transformations(policy: str) -> None:
    images, white = noise(8, 3, 16, 16), torch.ones(8, 3, 16, 16)
    augmentation = build("diffaugment", policy=policy)
    zeros = (applied(augmentation, white) == 0).float().mean()
    changed = applied(augmentation, images)
    if policy == "color":
        assert zeros == 0
        assert (changed != images).all()
    else:
        assert 0.02 < zeros < 0.3
        assert (changed.flatten(1).unique(dim=1).shape[1]) <= images[0].numel()
    same = (changed == images).float().mean()
    assert (same > 0.7) == (policy == "cutout")


def test_the_policy_is_a_list_or_a_text_with_commas() -> None:
    assert DiffAugmentOptions.model_validate({"policy": "color,cutout"}).policy == (
        "color",
        "cutout",
    )
    wrongs: tuple[Any, ...] = ("color,flip", [])
    for wrong in wrongs:
        with pytest.raises(ValidationError, match="policy"):
            DiffAugmentOptions.model_validate({"policy": wrong})


def test_cutout_is_used_with_its_probability() -> None:
    white = torch.ones(400, 1, 8, 8)
    assert torch.equal(applied(build("cutout", probability=0), white), white)
    cut = (applied(build("cutout", probability=0.5), white) == 0).flatten(1).any(1)
    assert 0.4 < cut.float().mean() < 0.6
    assert (applied(build("cutout"), white) == 0).flatten(1).any(1).all()


def test_noise_has_its_standard_deviation_and_probability() -> None:
    gray = torch.zeros(400, 3, 8, 8)
    assert applied(build("noise", std=0.2), gray).std() == pytest.approx(0.2, abs=0.003)
    used = applied(build("noise", probability=0.5), gray).flatten(1).any(1)
    assert 0.4 < used.float().mean() < 0.6


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (2, 1, 5, 4), (2, 5, 4, 4)])
def test_each_augmentation_is_twice_differentiable(name: str, shape: tuple[int, ...]) -> None:
    augmentation, images = build(name), noise(*shape).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: applied(augmentation, x), images, fast_mode=True)
    # The square makes the second derivative differ from 0.
    assert torch.autograd.gradgradcheck(
        lambda x: applied(augmentation, x).square(), images, fast_mode=True
    )


@pytest.mark.parametrize("name", SIMPLE)
def test_two_processes_get_the_parts_of_the_whole_batch(name: str) -> None:
    images, pipeline = noise(6, 3, 8, 8), Pipeline([build(name)])
    parts = [pipeline(part, seeded(), Shard(i, 2)) for i, part in enumerate(images.chunk(2))]
    torch.testing.assert_close(torch.cat(parts), pipeline(images, seeded()), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", SIMPLE)
def test_all_images_are_augmented(name: str) -> None:
    assert build(name).apply_to == "all"

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import ColorAugmentation, GeometricAugmentation, ImageShape, PixelAugmentation
from ganzoo.augment.pipeline import Pipeline
from ganzoo.shard import Shard
from ganzoo_discriminator_augment import AdaOptions, AdaptiveOptions
from ganzoo_discriminator_augment.ada import Ada
from ganzoo_discriminator_augment.bands import band_gains, with_band_gains
from ganzoo_discriminator_augment.color import color_matrices
from ganzoo_discriminator_augment.draws import Draws
from ganzoo_discriminator_augment.probability import AdaptiveProbability
from tests.plugins.steps import scores

NOTHING = {"flip": 0, "rotate_90": 0, "shift": 0, "geometry": 0, "color": 0}
EVERYTHING = {"p": 1, "filter": 1, "noise": 1, "cutout": 1}
MANY = 4096
ONE = torch.tensor(1.0)


def ada(**options: Any) -> Ada:
    return Ada(AdaOptions(**options))


def only(*categories: str) -> Ada:
    """ADA that uses these categories in all images."""
    return ada(p=1, **{**NOTHING, **dict.fromkeys(categories, 1)})


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=seeded(1)) * 2 - 1


def applied(augmentation: Ada, images: Tensor, seed: int = 0) -> Tensor:
    return Pipeline([augmentation])(images, seeded(seed))


def affine(augmentation: Ada, height: int = 32, width: int = 32) -> Tensor:
    return augmentation.sample_affine(MANY, ImageShape(3, height, width), seeded())


class Reports:
    """A step that has only what adapting a probability uses."""

    def __init__(self, batch_size: int = 8) -> None:
        self.batch_size = batch_size
        self.values: dict[str, float] = {}

    def report(self, name: str, value: Tensor) -> None:
        self.values[name] = value.item()


def observed(probability: AdaptiveProbability, values: list[float], batches: int) -> list[float]:
    """The probability after each batch with these scores of real images."""
    step: Any = Reports()
    found = []
    for _ in range(batches):
        probability.observe(step, scores(real=torch.tensor(values)))
        found.append(step.values["p"])
    return found


def test_one_object_is_an_augmentation_of_all_three_kinds() -> None:
    for kind in (GeometricAugmentation, ColorAugmentation, PixelAugmentation):
        assert isinstance(ada(), kind)
    assert ada().apply_to == "all"


@pytest.mark.parametrize("options", [{}, {"p": 0}, {"p": 1, **NOTHING}])
def test_nothing_changes_at_probability_0(options: dict[str, Any]) -> None:
    images = noise(8, 3, 16, 32)
    assert torch.equal(applied(ada(**options), images), images)


@pytest.mark.parametrize("shape", [(3, 3, 6, 6), (3, 1, 5, 7), (3, 4, 4, 6)])
def test_it_is_twice_differentiable(shape: tuple[int, ...]) -> None:
    images = interpolate(noise(*shape[:2], 2, 2), shape[2:], mode="bilinear").double()
    augmentation = ada(**EVERYTHING)
    images.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: applied(augmentation, x), images, fast_mode=True)
    # The square makes the second derivative differ from 0.
    assert torch.autograd.gradgradcheck(
        lambda x: applied(augmentation, x).square(), images, fast_mode=True
    )


def test_two_processes_get_the_parts_of_the_whole_batch() -> None:
    images, pipeline = noise(6, 3, 8, 8), Pipeline([ada(**EVERYTHING)])
    parts = [pipeline(part, seeded(), Shard(i, 2)) for i, part in enumerate(images.chunk(2))]
    torch.testing.assert_close(torch.cat(parts), pipeline(images, seeded()), atol=1e-5, rtol=0)


def test_flips_turns_and_shifts_of_whole_pixels_interpolate_no_pixel() -> None:
    images = noise(32, 1, 16, 16)
    changed = applied(only("flip", "rotate_90", "shift"), images)
    for before, after in zip(images, changed, strict=True):
        assert torch.isin(after, before).all()
    assert (changed != images).flatten(1).any(1).float().mean() > 0.9


@pytest.mark.parametrize(("size", "turns"), [((32, 32), 4), ((32, 64), 2)])
def test_images_that_are_not_square_are_turned_by_180_degrees_only(
    size: tuple[int, int], turns: int
) -> None:
    found = affine(only("rotate_90"), *size).unique(dim=0)
    assert len(found) == turns


def test_shifts_are_at_most_an_eighth_of_each_side() -> None:
    x, y = affine(only("shift"), 32, 64)[:, :2, 2].T * 16  # in pixels
    assert torch.equal(x, x.round())
    assert x.abs().max() == 8
    assert y.abs().max() == 4


def test_an_image_is_rotated_with_the_probability_p() -> None:
    matrices = affine(ada(**{**NOTHING, "p": 0.5, "geometry": 1}))
    linear = matrices[:, :2, :2]
    rotated = linear[:, 0, 1].abs() > 1e-6
    assert rotated.float().mean() == pytest.approx(0.5, abs=0.03)
    # The area changes only with the isotropic scale, by its square.
    areas = linear.det().log2() / 2
    assert (areas.abs() > 1e-5).float().mean() == pytest.approx(0.5, abs=0.03)
    assert areas[areas.abs() > 1e-5].std() == pytest.approx(0.2, abs=0.01)


def test_colors_keep_what_each_transformation_keeps() -> None:
    matrices = color_matrices(Draws(MANY, seeded()), ONE, 3)
    mixing, offset = matrices[:, :3, :3], matrices[:, :3, 3]
    # Gray stays gray, and its factor is the contrast, with the sign of the luma flip.
    gray = mixing.sum(2)
    torch.testing.assert_close(gray, gray[:, :1].expand(-1, 3), atol=1e-4, rtol=0)
    assert gray[:, 0].abs().log2().std() == pytest.approx(0.5, abs=0.02)
    assert (gray[:, 0] < 0).float().mean() == pytest.approx(0.5, abs=0.03)
    brightness = offset[:, 0] / gray[:, 0]
    assert brightness.std() == pytest.approx(0.2, abs=0.01)
    # Distances from gray are multiplied by contrast and saturation: hue only rotates.
    saturation = (mixing.det().abs() / gray[:, 0].abs() ** 3).sqrt()
    assert saturation.log2().std() == pytest.approx(1, abs=0.04)
    assert (matrices[:, 3] == torch.tensor([0.0, 0, 0, 1])).all()


def test_hue_turns_red_into_green_and_blue() -> None:
    red = torch.tensor([1.0, 0, 0])
    colors = color_matrices(Draws(MANY, seeded()), ONE, 3)[:, :3, :3] @ red
    strongest = (colors * colors.sum(1, keepdim=True).sign()).argmax(1).bincount(minlength=3)
    assert strongest.min() > MANY / 4


@pytest.mark.parametrize(("channels", "flips"), [(1, True), (2, False), (4, False)])
def test_other_channels_are_not_mixed(channels: int, flips: bool) -> None:
    mixing = color_matrices(Draws(MANY, seeded()), ONE, channels)[:, :channels, :channels]
    gain = mixing[:, :1, :1]
    torch.testing.assert_close(mixing, gain * torch.eye(channels), atol=1e-6, rtol=0)
    assert bool((gain < 0).any()) == flips


def test_gains_of_1_change_nothing_and_gains_of_one_band_its_frequencies_only() -> None:
    images = noise(2, 3, 16, 24)
    torch.testing.assert_close(with_band_gains(images, torch.ones(2, 4)), images, atol=1e-5, rtol=0)
    smooth = torch.linspace(-1, 1, 64).sin().expand(1, 1, 64, 64)
    checks = (-1.0) ** torch.arange(64).expand(1, 1, 64, 64)
    lowest, highest = torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([[0.0, 1, 1, 1]])
    torch.testing.assert_close(with_band_gains(smooth, lowest), smooth, atol=0.03, rtol=0)
    assert with_band_gains(smooth, highest).abs().max() < 0.03
    rows = torch.tensor([[0.0, 0, 0, 1]])
    assert with_band_gains(checks * checks.mT, rows).abs().mean() > 0.9


def test_gains_keep_the_power_of_a_natural_image() -> None:
    gains = band_gains(Draws(MANY, seeded()), ONE)
    power = gains.square() @ torch.tensor([10.0, 1, 1, 1]) / 13
    assert (gains != 1).all()
    assert power.log2().mean() == pytest.approx(0, abs=0.5)
    assert torch.equal(band_gains(Draws(8, seeded()), 0 * ONE), torch.ones(8, 4))


def test_noise_and_cutout_are_applied() -> None:
    gray = torch.zeros(400, 1, 8, 8)
    assert applied(only("noise"), gray).std() == pytest.approx(0.1, abs=0.01)
    cut = applied(only("cutout"), gray + 1)
    assert (cut == 0).flatten(1).any(1).all()
    assert (cut == 0).float().mean() < 0.3


def test_p_changes_after_every_fourth_batch_in_the_direction_of_the_sign() -> None:
    probability = AdaptiveProbability(AdaptiveOptions(ramp_images=100))
    rises = observed(probability, [3.0, 0.5, 1.0, 2.0, -1.0, 9.0, 9.0, 9.0, 9.0], 9)  # mean 7/9
    assert rises == pytest.approx([0] * 3 + [0.32] * 4 + [0.64] * 2)
    falls = observed(probability, [3.0, -0.5], 7)  # mean sign 0
    assert falls == pytest.approx([0.64] * 2 + [0.32] * 4 + [0])


def test_p_stays_between_0_and_1() -> None:
    probability = AdaptiveProbability(AdaptiveOptions(ramp_images=10, interval=1))
    assert observed(probability, [-1.0], 2) == [0, 0]
    assert observed(probability, [1.0], 3) == pytest.approx([0.8, 1, 1])


def test_a_fixed_p_does_not_change_and_the_sign_is_reported() -> None:
    probability = AdaptiveProbability(AdaptiveOptions(p=0.25, interval=1))
    step: Any = Reports()
    probability.observe(step, scores(real=torch.tensor([1.0, -1.0, 1.0, 1.0])))
    assert step.values == {"sign": 0.5, "p": 0.25}


def test_the_state_contains_the_signs_since_the_last_change() -> None:
    options = AdaptiveOptions(ramp_images=100)
    one, other = (AdaptiveProbability(options) for _ in range(2))
    observed(one, [1.0], 6)
    other.load_state_dict(one.state_dict())
    assert observed(other, [-1.0], 2) == observed(one, [-1.0], 2)


def test_options_are_bounded() -> None:
    for wrong in ({"p": 1.5}, {"geometry": 2}, {"interval": 0}, {"ramp_images": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ada(**wrong)

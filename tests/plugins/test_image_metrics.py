from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo import ImageSet, ImageShape, Metric, MetricValue, Options, RequestError
from ganzoo.evaluation.image_sets import TensorImageSet
from ganzoo_image_metrics import SlicedWassersteinOptions
from ganzoo_image_metrics.moments import Moments
from ganzoo_image_metrics.pyramid import laplacian_level
from ganzoo_image_metrics.similarity import MsSsim, ms_ssim, num_scales, random_pairs
from ganzoo_image_metrics.wasserstein import (
    SlicedWasserstein,
    extract_patches,
    sample_directions,
    select_evenly,
    sliced_wasserstein,
    standardize,
)

Array = NDArray[np.float64]

SWD = SlicedWasserstein(SlicedWassersteinOptions())
MS_SSIM = MsSsim(Options())
MOMENTS = Moments(Options())
MEASURES: list[Metric] = [SWD, MS_SSIM, MOMENTS]


def noise(n: int, channels: int = 3, height: int = 32, width: int = 32, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shape = (n, channels, height, width)
    return torch.randint(256, shape, dtype=torch.uint8, generator=random)


def scenes(n: int, seed: int = 0, size: int = 32) -> Tensor:
    """Smooth images with different colors, in [60, 180]."""
    random = torch.Generator().manual_seed(seed)
    coarse = 60 + 120 * torch.rand(n, 3, 4, 4, generator=random)
    return torch.nn.functional.interpolate(coarse, size=size, mode="bilinear").byte()


def values(measure: Metric, real: Tensor, fake: Tensor) -> dict[str, float]:
    measured = measure(TensorImageSet(real), TensorImageSet(fake))
    return {name: number.value for name, number in measured.items()}


class InBatches(TensorImageSet):
    """An image set in batches of three."""

    def batches(self) -> Iterator[Tensor]:
        yield from self.images.split(3)


# --- the pyramid ------------------------------------------------------------------------------


def reflected(index: int, side: int) -> int:
    index = abs(index)
    return index if index < side else 2 * (side - 1) - index


def blur(plane: Array) -> Array:
    height, width = plane.shape
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    blurred = np.zeros_like(plane)
    for y, x, dy, dx in np.ndindex(height, width, 5, 5):
        source = plane[reflected(y + dy - 2, height), reflected(x + dx - 2, width)]
        blurred[y, x] += weights[dy, dx] * source
    return blurred


def laplacian_pyramid(plane: Array, levels: int) -> list[Array]:
    found = []
    for _ in range(levels - 1):
        smaller = blur(plane)[::2, ::2]
        spread = np.zeros_like(plane)
        spread[::2, ::2] = smaller
        found.append(plane - 4 * blur(spread))
        plane = smaller
    return [*found, plane]


def test_laplacian_levels_equal_a_loop() -> None:
    images = noise(1, 2, 16, 24).float()
    for channel in range(2):
        expected = laplacian_pyramid(images[0, channel].double().numpy(), levels=3)
        for level, plane in enumerate(expected):
            found = laplacian_level(images, level, 3)[0, channel].numpy()
            np.testing.assert_allclose(found, plane, atol=1e-4)


def test_a_flat_image_has_levels_of_0() -> None:
    assert laplacian_level(torch.full((1, 3, 32, 32), 77.0), 0, 2).abs().max() == 0


# --- swd --------------------------------------------------------------------------------------


def test_patches_are_extracted_at_their_corners() -> None:
    images = noise(2, 3, 9, 12).float()
    corners = torch.tensor([[[0, 2], [1, 0]], [[0, 5], [3, 4]]])
    found = extract_patches(images, corners)
    for n, patch in np.ndindex(2, 2):
        y, x = corners[:, n, patch]
        assert torch.equal(found[n, patch], images[n, :, y : y + 7, x : x + 7])


def test_each_channel_is_standardized_over_all_patches() -> None:
    descriptors = 5 + 30 * torch.rand(40, 3, 7, 7, generator=torch.Generator().manual_seed(0))
    expected = descriptors.double().numpy()
    expected -= expected.mean((0, 2, 3), keepdims=True)
    expected /= expected.std((0, 2, 3), keepdims=True)
    np.testing.assert_allclose(standardize(descriptors).numpy(), expected, atol=1e-5)


def test_directions_are_uniform_unit_vectors() -> None:
    found = sample_directions(10, np.random.default_rng(0))
    assert found.shape == (512, 10)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(512))
    assert found.mean(0).abs().max() < 0.06  # about 1 / sqrt(10 * 512) = 0.014 is expected


def test_the_distance_of_shifted_points_on_a_line_is_the_shift() -> None:
    points = torch.randn(50, 1, generator=torch.Generator().manual_seed(0))
    found = sliced_wasserstein(points, points.flip(0) + 2.5, torch.tensor([[1.0], [-1.0]]))
    assert found == pytest.approx(2.5, rel=1e-6)


def test_sliced_wasserstein_is_the_mean_over_sorted_projections() -> None:
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 30, 4, generator=random)
    some = torch.nn.functional.normalize(torch.randn(37, 4, generator=random))
    each = [
        sum(abs(x - y) for x, y in zip(sorted(a @ w), sorted(b @ w), strict=True)) / 30
        for w in some
    ]
    expected = float(sum(each)) / 37
    assert sliced_wasserstein(a, b, some) == pytest.approx(expected, rel=1e-5)


def test_swd_has_a_value_per_level_and_their_mean() -> None:
    found = values(SWD, noise(4, height=64, width=64), scenes(4, size=64))
    assert list(found) == ["swd/64", "swd/32", "swd/16", "swd"]
    assert found["swd"] == pytest.approx(sum(list(found.values())[:3]) / 3)
    # Standardized patches of noise and of smooth images: far apart, in thousandths.
    assert 100 < found["swd"] < 2000


def test_swd_of_a_single_level_equals_the_definition() -> None:
    # An image of 7 x 7 has one patch and one level: itself.
    real, fake = noise(6, 3, 7, 7), noise(6, 3, 7, 7, seed=1) // 2
    a, b = (standardize(images.float()).flatten(1) for images in (real, fake))
    expected = 1e3 * sliced_wasserstein(a, b, sample_directions(147, np.random.default_rng(5)))
    found = values(SlicedWasserstein(SlicedWassersteinOptions(patches=1)), real, fake)
    # Of other directions, so it is only approximately equal.
    assert found["swd"] == pytest.approx(expected, rel=0.1)


def test_swd_of_gray_images_equals_that_of_three_equal_channels() -> None:
    real, fake = noise(3, 1), noise(3, 1, seed=1)
    tiled = [images.expand(-1, 3, -1, -1) for images in (real, fake)]
    assert values(SWD, real, fake) == values(SWD, *tiled)


@pytest.mark.parametrize(
    ("height", "width", "names"),
    [
        (16, 16, ["swd/16", "swd"]),
        (28, 28, ["swd/28", "swd"]),
        (33, 33, ["swd/33", "swd"]),
        (32, 48, ["swd/48x32", "swd/24x16", "swd"]),
        (7, 9, ["swd/9x7", "swd"]),
    ],
)
def test_swd_has_a_level_per_whole_halving(height: int, width: int, names: list[str]) -> None:
    found = values(SWD, noise(2, 3, height, width), noise(2, 3, height, width, seed=1))
    assert list(found) == names


def test_swd_refuses_images_smaller_than_a_patch() -> None:
    with pytest.raises(RequestError, match="7 x 7 pixels, and these images are only 32 x 6"):
        values(SWD, noise(2, 3, 6, 32), noise(2, 3, 6, 32))


def test_swd_compares_equally_many_images_at_equal_distances() -> None:
    chosen = torch.cat(list(select_evenly(TensorImageSet(noise(200)), 3)))
    assert torch.equal(chosen, noise(200)[[0, 66, 133]])
    measured = SWD(TensorImageSet(noise(200)), TensorImageSet(noise(3)))
    assert {number.images for number in measured.values()} == {3}
    few = SlicedWasserstein(SlicedWassersteinOptions(images=2))
    assert few(TensorImageSet(noise(5)), TensorImageSet(noise(3)))["swd"].images == 2


def test_swd_depends_on_texture_but_not_on_brightness() -> None:
    real, other = scenes(64), scenes(64, seed=1)
    shifted = other + torch.tensor([40, 0, 0], dtype=torch.uint8)[:, None, None]
    grainy = (other + noise(64, seed=2) // 16).byte()
    baseline, blind, seen = (values(SWD, real, fake)["swd/32"] for fake in (other, shifted, grainy))
    assert blind == pytest.approx(baseline, rel=0.01)
    assert seen > 2 * baseline
    of_color = [values(MOMENTS, real, fake)["moments/mean"] for fake in (other, shifted)]
    assert of_color[1] > 5 * of_color[0]


# --- ms-ssim ----------------------------------------------------------------------------------


def ssim_maps(x: Array, y: Array) -> tuple[float, float]:
    """The means of SSIM and of its contrast-structure term over one channel, by a loop."""
    size = min(11, *x.shape)
    at = np.arange(size) - (size - 1) / 2
    line = np.exp(-(at**2) / (2 * (1.5 * size / 11) ** 2))
    weights = np.outer(line, line) / line.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ssim, contrast = [], []
    for i, j in np.ndindex(x.shape[0] - size + 1, x.shape[1] - size + 1):
        a, b = x[i : i + size, j : j + size], y[i : i + size, j : j + size]
        mu_a, mu_b = (weights * a).sum(), (weights * b).sum()
        var_a, var_b = (weights * (a - mu_a) ** 2).sum(), (weights * (b - mu_b) ** 2).sum()
        cov = (weights * (a - mu_a) * (b - mu_b)).sum()
        contrast.append((2 * cov + c2) / (var_a + var_b + c2))
        ssim.append((2 * mu_a * mu_b + c1) / (mu_a**2 + mu_b**2 + c1) * contrast[-1])
    return float(np.mean(ssim)), float(np.mean(contrast))


def halve(plane: Array) -> Array:
    height, width = (math.ceil(side / 2) for side in plane.shape)
    rows = [[plane[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(width)]
            for i in range(height)]  # fmt: skip
    return np.array(rows)


def reference_similarity(x: Tensor, y: Tensor, levels: int) -> float:
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:levels]
    weights /= weights.sum()
    planes = [(a.double().numpy(), b.double().numpy()) for a, b in zip(x, y, strict=True)]
    product = 1.0
    for level, weight in enumerate(weights, start=1):
        both = np.mean([ssim_maps(a, b) for a, b in planes], axis=0)
        product *= max(0.0, both[0 if level == levels else 1]) ** weight
        planes = [(halve(a), halve(b)) for a, b in planes]
    return product


@pytest.mark.parametrize(
    ("channels", "height", "width", "levels"), [(3, 32, 32, 2), (1, 45, 44, 3), (1, 8, 9, 1)]
)
def test_ms_ssim_equals_the_product_over_scales(
    channels: int, height: int, width: int, levels: int
) -> None:
    x = scenes(1, size=48)[:, :channels, :height, :width]
    y = (x // 2 + noise(1, channels, height, width) // 4).byte()
    expected = reference_similarity(x[0], y[0], levels)
    assert 0.1 < expected < 0.9
    assert num_scales(ImageShape(*x.shape[1:])) == levels
    assert ms_ssim(x, y).item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("side", "levels"), [(1, 1), (16, 1), (21, 1), (22, 2), (64, 3), (175, 4), (176, 5), (999, 5)]
)
def test_num_scales_is_limited_by_the_window(side: int, levels: int) -> None:
    assert num_scales(ImageShape(3, side, 1000)) == levels


def test_ms_ssim_is_1_for_equal_images_and_0_for_negatives() -> None:
    x = noise(2)
    assert ms_ssim(x, x).tolist() == [1, 1]
    assert ms_ssim(x, 255 - x).tolist() == [0, 0]


@pytest.mark.parametrize(("n", "paired"), [(2, 2), (3, 2), (7, 6), (200, 200)])
def test_each_image_is_in_one_pair_for_any_batch_size(n: int, paired: int) -> None:
    images = scenes(n)
    seen = torch.cat([torch.cat(pair) for pair in random_pairs(TensorImageSet(images))])
    assert len(seen) == paired == len(seen.flatten(1).unique(dim=0))
    found = [MS_SSIM(sample, sample) for sample in (TensorImageSet(images), InBatches(images))]
    assert found[0] == found[1]
    assert found[0]["ms-ssim/2-scales"].images == paired


def test_ms_ssim_does_not_depend_on_the_order_of_classes() -> None:
    kinds = scenes(10).repeat_interleave(20, 0)
    mixed = kinds[torch.randperm(200, generator=torch.Generator().manual_seed(1))]
    found = [values(MS_SSIM, kinds, fake)["ms-ssim/2-scales"] for fake in (kinds, mixed)]
    assert found[0] == pytest.approx(found[1], abs=0.1)


def test_a_single_image_has_no_ms_ssim() -> None:
    assert values(MS_SSIM, scenes(4), scenes(1)) == {}


def test_mode_collapse_raises_ms_ssim() -> None:
    real, fresh = scenes(40), scenes(40, seed=1)
    collapsed = fresh[:1].repeat_interleave(40, 0)
    found = [values(MS_SSIM, real, fake)["ms-ssim/2-scales"] for fake in (real, fresh, collapsed)]
    assert found[1] == pytest.approx(found[0], abs=0.1)
    assert found[2] == pytest.approx(1)


# --- moments ----------------------------------------------------------------------------------


def test_moments_equal_those_of_numpy() -> None:
    real, fake = scenes(70), noise(5)
    expected: dict[str, list[Array]] = {"mean": [], "std": [], "covariance": [], "layout": []}
    for sample in (real, fake):
        images = sample.double().numpy() / 255
        pixels = images.transpose(1, 0, 2, 3).reshape(3, -1)
        cells = images.reshape(-1, 3, 8, 4, 8, 4).mean((3, 5))
        expected["mean"].append(pixels.mean(1))
        expected["std"].append(pixels.std(1))
        expected["covariance"].append(np.cov(pixels, bias=True))
        expected["layout"].append(np.stack([cells.mean(0), cells.std(0)]))
    found = values(MOMENTS, real, fake)
    assert list(found) == [f"moments/{name}" for name in expected]
    for name, (a, b) in expected.items():
        rms = np.sqrt(((a - b) ** 2).mean())
        assert found[f"moments/{name}"] == pytest.approx(rms, rel=1e-9)


def test_a_color_shift_changes_the_mean_only() -> None:
    real = scenes(8)
    found = values(MOMENTS, real, real + 51)
    assert found["moments/mean"] == pytest.approx(0.2)
    assert found["moments/std"] == pytest.approx(0, abs=1e-9)
    assert found["moments/covariance"] == pytest.approx(0, abs=1e-9)


def test_only_the_layout_changes_for_flipped_images() -> None:
    real = scenes(64)
    real[:, :, :16] //= 2
    found = values(MOMENTS, real, real.flip(2))
    assert found["moments/layout"] > 0.1
    assert found["moments/mean"] == pytest.approx(0, abs=1e-9)


# --- all three --------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_values_are_finite_for_few_and_for_flat_images(
    measure: Metric, n: int, channels: int
) -> None:
    flat = torch.full((n, channels, 32, 32), 100, dtype=torch.uint8)
    for real, fake in ((flat, flat), (noise(n, channels), flat), (flat, noise(n, channels))):
        assert all(map(math.isfinite, values(measure, real, fake).values()))


@pytest.mark.parametrize("measure", [SWD, MOMENTS])
def test_equal_images_have_the_distance_0(measure: Metric) -> None:
    assert set(values(measure, scenes(5), scenes(5)).values()) == {0}


@pytest.mark.parametrize("measure", MEASURES)
def test_values_do_not_depend_on_batches_or_global_random_state(measure: Metric) -> None:
    def measured(kind: type[TensorImageSet], seed: int) -> Mapping[str, MetricValue]:
        torch.manual_seed(seed)
        np.random.seed(seed)
        real: ImageSet = kind(scenes(70))
        return measure(real, kind(noise(70)))

    before = torch.get_rng_state()
    first, second = measured(TensorImageSet, 1), measured(InBatches, 2)
    torch.set_rng_state(before)
    assert {name: number.value for name, number in first.items()} == pytest.approx(
        {name: number.value for name, number in second.items()}, rel=1e-5
    )

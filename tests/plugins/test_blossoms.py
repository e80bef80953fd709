from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import ganzoo_blossoms
from ganzoo import BulkDataset, Dataset, ScalableDataset
from ganzoo.testing import check_plugin
from ganzoo_blossoms import BlossomsOptions
from ganzoo_blossoms.blossoms import Blossoms, make_blossoms
from ganzoo_blossoms.color import oklch
from ganzoo_blossoms.drawing import draw
from ganzoo_blossoms.petals import Petals
from ganzoo_blossoms.pose import Pose
from ganzoo_blossoms.randomness import Draws, Float
from ganzoo_blossoms.ring import petal_counts

INDICES = range(200)


def dataset(**options: int) -> Blossoms:
    return make_blossoms(BlossomsOptions(**{"size": 32, **options}))


def sample_petals(indices: range) -> Petals:
    return Petals.sample(Draws(0, "petals", indices), petal_counts(0, indices))


def silhouette(petals: Petals, u: Float, v: Float, pixel: float) -> Float:
    """The coverage of each point by petals: black petals painted on white."""
    n = len(petals.ring.n)
    u, v = np.broadcast_arrays(u, v)
    black = np.zeros((3, n, 1, 1), np.float32)
    colors = replace(petals.colors, throat=black, tip=black, accent=black)
    canvas = np.ones((3, *u.shape), np.float32)
    pose = Pose.sample(Draws(0, "pose", range(n)))
    size = np.full((n, 1, 1), pixel, np.float32)
    replace(petals, colors=colors).paint(canvas, u, v, pose, size)
    covered: Float = 1 - canvas[0]
    return covered


def test_the_plugin_passes_the_checks_for_plugins() -> None:
    check_plugin(ganzoo_blossoms)


def test_images_have_any_size_and_are_read_in_bulk() -> None:
    flowers: Dataset = dataset(count=20)
    assert isinstance(flowers, ScalableDataset)
    assert isinstance(flowers, BulkDataset)
    assert len(flowers) == 20
    image, label = flowers[19]
    assert isinstance(image, np.ndarray)
    assert image.shape == (32, 32, 3)
    assert isinstance(label, int)
    images, labels = flowers.read(range(3, 20, 4))
    assert images.shape == (5, 32, 32, 3)
    assert images.dtype == np.uint8
    assert labels is not None
    assert labels.shape == (5,)
    assert labels.dtype == np.int64
    assert np.array_equal(images[-1], image)
    assert labels[-1] == label
    assert flowers.at(48)[0][0].shape == (48, 48, 3)  # type: ignore[union-attr]


def test_the_values_of_a_flower_are_those_it_is_drawn_with() -> None:
    flowers = make_blossoms(BlossomsOptions(size=32, count=500, condition="vector"))
    assert flowers.class_names == ()
    assert flowers.condition.names == ("petals", "hue", "size")
    images, values = flowers.read(range(500))
    assert values.dtype == np.float32
    for column, (low, high) in enumerate(flowers.condition.ranges):
        assert low <= values[:, column].min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values[:, column].max() <= high
    petals, hue, size = values.T
    assert np.array_equal(petals, petal_counts(0, range(500)))
    assert flowers[7][1] == values[7].tolist()
    assert np.array_equal(images, dataset(count=500).read(range(500))[0])
    # Yellow flowers are less blue, and larger ones cover more of the center's surroundings.
    blueness = images[:, 8:24, 8:24].astype(int).mean((1, 2)) @ [-0.5, -0.5, 1]
    assert blueness[hue < 0.3].mean() > blueness[hue > 0.7].mean() + 30
    assert np.array_equal(size, Pose.sample(Draws(0, "pose", range(500))).radius[:, 0, 0])
    (names,) = {make_blossoms(BlossomsOptions(condition="petals")).condition.names}
    assert names == ("petals",)


def test_an_index_out_of_range_raises_index_error() -> None:
    flowers = dataset(count=3)
    assert len(list(flowers)) == 3  # type: ignore[call-overload]
    with pytest.raises(IndexError):
        flowers[3]
    with pytest.raises(IndexError):
        flowers.read(range(2, 4))
    with pytest.raises(IndexError):
        flowers.read(range(-1, 1))
    assert flowers.read(range(0))[0].shape == (0, 32, 32, 3)


def test_the_fingerprint_depends_on_seed_count_and_size() -> None:
    flowers = dataset()
    others = [dataset(seed=1), dataset(count=9), dataset(size=33), flowers.at(64)]
    assert len({flowers.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert flowers.fingerprint == dataset().fingerprint == flowers.at(64).at(32).fingerprint


@pytest.mark.parametrize("size", [8, 21, 64])
def test_an_image_does_not_depend_on_the_other_images_of_its_block(size: int) -> None:
    together = draw(0, range(100), size)
    for index in (0, 57, 99):
        assert np.array_equal(draw(0, range(index, index + 1), size)[0], together[index])
    assert np.array_equal(draw(0, range(90, 10, -7), size), together[90:10:-7])


def test_the_random_bits_are_pinned() -> None:
    draws = Draws(7, "pose", range(3, 5))
    stream = [draws.bits().tolist() for _ in range(41)]
    assert stream[0] == [0xCE2823506F7BDBB6, 0x98921062B1346220]
    assert stream[1] == [0xB7D19A9A09116EED, 0xF8E3ABB44E60F0AB]
    assert stream[40] == [0x664351EAD457D45C, 0x1172F229AB80E3BE]
    assert petal_counts(0, range(10)).tolist() == [6, 5, 7, 8, 4, 3, 7, 6, 8, 5]


def test_the_drawing_is_pinned() -> None:
    # If these numbers change, increase VERSION. Processors differ in the last bits.
    pixels = draw(0, range(3), 32)[:, [4, 12, 16, 20, 28], [16, 10, 16, 24, 5]]
    expected = [
        [[76, 91, 71], [63, 75, 51], [170, 106, 29], [63, 84, 17], [36, 41, 9]],
        [[158, 176, 130], [230, 231, 85], [123, 138, 83], [163, 189, 79], [101, 108, 48]],
        [[55, 142, 123], [238, 198, 204], [214, 151, 180], [34, 97, 66], [84, 131, 113]],
    ]
    assert np.abs(pixels.astype(int) - expected).max() <= 2


def test_random_numbers_are_uniform_and_differ_by_seed_purpose_and_position() -> None:
    streams = [Draws(0, "pose", INDICES), Draws(1, "pose", INDICES), Draws(0, "heart", INDICES)]
    numbers = np.stack([draws.several(50) for draws in (*streams, streams[0])])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
    assert np.abs(counts / numbers.size - 0.1).max() < 0.01
    correlation = np.corrcoef(numbers.reshape(4, -1))
    assert np.abs(correlation - np.eye(4)).max() < 0.05
    assert np.abs(np.corrcoef(numbers[0].T) - np.eye(50)).max() < 0.35


def test_a_seed_may_be_larger_than_64_bits() -> None:
    assert dataset(seed=10**30)[0][0].shape == (32, 32, 3)


def test_labels_are_petal_counts_minus_three_and_balanced() -> None:
    flowers = dataset(count=6000)
    assert list(flowers.class_names) == [f"{n} petals" for n in range(3, 9)]
    labels = petal_counts(0, range(6000)) - 3
    assert np.array_equal(flowers.read(INDICES)[1], labels[: len(INDICES)])
    frequencies = np.bincount(labels) / 6000
    assert frequencies.shape == (6,)
    assert np.abs(frequencies - 1 / 6).max() < 0.02


def test_a_circle_around_the_center_crosses_as_many_petals_as_the_label_says() -> None:
    petals = sample_petals(INDICES)
    width = np.full_like(petals.outline.width, 0.1)
    zero = np.zeros_like(width)
    outline = replace(petals.outline, width=width, bend=zero, depth=zero)
    half = np.float32(0.5)
    angle = np.linspace(-np.pi, np.pi, 720, endpoint=False, dtype=np.float32)
    u, v = (np.tile(half * wave(angle), (len(INDICES), 1, 1)) for wave in (np.cos, np.sin))
    covered = silhouette(replace(petals, outline=outline), u, v, 0.005)[:, 0] > 0.5
    entered = (covered & ~np.roll(covered, 1, axis=1)).sum(axis=1)
    assert np.array_equal(entered, petal_counts(0, INDICES))


def test_no_petal_is_wider_than_two_sectors() -> None:
    # At each point only the two nearest petals are drawn: a wider one would be cut off.
    indices = range(5000)
    petals = sample_petals(indices)
    outline, ring = petals.outline, petals.ring
    x = np.linspace(0.15, 0.99, 60, dtype=np.float32)
    _, q = outline.measure(np.broadcast_to(x, (5000, 1, 60)), outline.bend * x * x + 0.01)
    reach = np.arctan((0.01 / q + np.abs(outline.bend) * x * x) / x)
    sectors = np.arange(-5, 6) + ring.phase[:, 0]
    offset = np.exp(1j * sectors * (2 * np.pi / ring.n[:, 0])) / (ring.cos + 1j * ring.sin)
    widest = reach.max(axis=(1, 2)) + np.abs(np.angle(offset)).max(axis=1)
    assert (widest * ring.n[:, 0, 0] / (2 * np.pi)).max() < 1.03


def test_edges_are_smooth_and_areas_do_not_depend_on_the_resolution() -> None:
    petals = sample_petals(range(30))

    def shape(resolution: int) -> Float:
        line = ((np.arange(resolution) + 0.5) / resolution * 2.4 - 1.2).astype(np.float32)
        u, v = np.tile(line, (30, 1, 1)), np.tile(line[:, None], (30, 1, 1))
        return silhouette(petals, u, v, 2.4 / resolution)

    coarse, fine = shape(32), shape(256)
    partly = ((coarse > 0.1) & (coarse < 0.9)).mean()
    assert 0.05 < partly < 0.4
    assert ((fine > 0.1) & (fine < 0.9)).mean() < partly / 4
    assert np.abs(coarse.mean(axis=(1, 2)) - fine.mean(axis=(1, 2))).max() < 0.01
    shrunk = fine.reshape(30, 32, 8, 32, 8).mean(axis=(2, 4))
    assert np.abs(shrunk - coarse).mean() < 0.01


def test_a_flower_is_the_same_at_every_resolution() -> None:
    large = draw(0, range(60), 128).astype(np.float32)
    shrunk = large.reshape(60, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    small = draw(0, range(60), 32)
    assert np.abs(shrunk - small).mean(axis=(1, 2, 3)).max() < 4


def test_images_differ_by_index_and_seed() -> None:
    images: NDArray[np.float32] = draw(0, INDICES, 32).astype(np.float32)
    distances = [np.abs(images - np.roll(images, k, 0)).mean((1, 2, 3)) for k in (1, 2, 3)]
    assert np.min(distances) > 15
    assert np.mean(distances) > 45
    assert np.abs(images - draw(1, INDICES, 32)).mean((1, 2, 3)).min() > 15


def test_images_use_the_full_range_of_brightness_and_color() -> None:
    images = draw(0, INDICES, 32)
    assert np.percentile(images, 1) < 30
    assert np.percentile(images, 99) > 225
    assert (images == 255).mean() < 0.05
    brightest = images.reshape(-1, 3).argmax(axis=1)
    assert np.bincount(brightest, minlength=3).min() > 0.05 * len(brightest)


def test_oklch_gives_the_srgb_of_known_colors() -> None:
    rows = [(1, 0, 0), (0, 0, 0), (0.62796, 0.25768, 29.234), (0.86644, 0.29483, 142.495)]
    colors = [oklch(*(np.full((1, 1, 1), value, np.float32) for value in row)) for row in rows]
    expected = [[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert np.abs(np.stack(colors)[:, :, 0, 0, 0] - expected).max() < 0.01

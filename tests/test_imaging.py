from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import imaging


def test_every_uint8_value_survives_a_round_trip() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(imaging.to_uint8(imaging.from_uint8(levels)), levels)


def test_values_are_rounded_and_clipped() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, 0.5])
    assert imaging.to_uint8(values).tolist() == [0, 0, 128, 255, 255, 191]


def test_0_and_255_become_minus_1_and_1() -> None:
    ends = imaging.from_uint8(torch.tensor([0, 255], dtype=torch.uint8))
    assert ends.tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_grid_has_each_image_in_its_place(channels: int) -> None:
    images = torch.randint(256, (5, channels, 4, 6), dtype=torch.uint8)
    pixels = imaging.grid(images, columns=3, gap=1)
    assert pixels.shape == (2 * 5 + 1, 3 * 7 + 1, channels)
    assert np.array_equal(pixels[6:10, 8:14], images[4].permute(1, 2, 0).numpy())
    assert (pixels[6:10, 15:21] == 255).all()  # no sixth image


def test_images_are_enlarged_until_their_shorter_side_is_long_enough() -> None:
    images = torch.arange(6, dtype=torch.uint8).view(1, 1, 2, 3)
    enlarged = imaging.enlarged_to(images, 5)
    assert enlarged.shape == (1, 1, 6, 9)
    assert torch.equal(enlarged[..., ::3, ::3], images)
    assert torch.equal(imaging.enlarged_to(images, 2), images)


def test_a_grid_is_about_square() -> None:
    pixels = imaging.grid(torch.zeros(64, 3, 8, 8, dtype=torch.uint8))
    assert pixels.shape == (82, 82, 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("side", [4, 64])
def test_a_class_grid_has_names_next_to_rows(channels: int, side: int) -> None:
    images = torch.randint(200, (2, 3, channels, side, side), dtype=torch.uint8)
    pixels = imaging.class_grid(images, ["rose", "a name\nthat is much too long for a margin"], 2)
    left = pixels.shape[1] - 2 * (side + 2) - 2
    row = len(pixels) // 2  # each class has half of the height
    for number, of_class in enumerate(images):
        part = pixels[number * row : (number + 1) * row]
        inside = imaging.grid(of_class, columns=2)
        assert np.array_equal(part[: len(inside), left:], inside)
        name = part[: side + 4, :left, 0]
        assert 0 < (name < 100).sum() < name.size / 3
        assert (part[..., :left, -1] == 255).all() or channels not in (2, 4)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_saved_image_is_unchanged(tmp_path: Path, channels: int, mode: str) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(5, 7, channels), dtype=np.uint8)
    imaging.save_image(pixels, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_hidden_file_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".a.png").write_text("content")
    imaging.save_image(np.zeros((2, 2, 3), np.uint8), tmp_path / "a.png")
    assert (tmp_path / ".a.png").read_text() == "content"


def test_jpeg_drops_the_alpha_channel_only(tmp_path: Path) -> None:
    imaging.save_image(np.full((8, 8, 4), 100, np.uint8), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.mode == "RGB"
        assert abs(int(np.asarray(image).mean()) - 100) <= 1


def test_of_more_than_four_channels_three_are_used() -> None:
    assert imaging.to_image(np.zeros((2, 2, 7), np.uint8)).mode == "RGB"

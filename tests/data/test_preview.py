from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo import UnreadableImage
from ganzoo.data.preparation import Preparation
from ganzoo.data.preview import preview

GRAY = (216, 216, 216)
BLUE, RED = (0, 0, 255), (255, 0, 0)


class Images:
    """Wide images, blue in the middle and red at both ends; the second cannot be read."""

    class_names = ("rose", "日本\n")
    fingerprint = "wide"

    def __init__(self, count: int, image: Any = None) -> None:
        self.count = count
        self.image = image

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        if index == 1:
            raise UnreadableImage("b.png", "it is empty")
        pixels = np.full((64, 256, 3), RED, np.uint8)
        pixels[:, 96:160] = BLUE
        return Image.fromarray(pixels) if self.image is None else self.image, index % 2


def test_before_is_the_whole_image_and_after_the_prepared_image() -> None:
    found = preview(Images(1), Preparation(resolution=16))
    assert found.mode == "RGB"
    # Before: 128 x 32, centered on a gray square; after: its center only.
    assert [found.getpixel((8 + x, 8 + 64)) for x in (4, 64, 124)] == [RED, BLUE, RED]
    assert found.getpixel((8 + 64, 8 + 4)) == GRAY
    after = np.asarray(found)[8:136, 144:272]
    assert (after == BLUE).all()


def test_images_are_in_rows_and_unreadable_images_are_left_out() -> None:
    def rows(count: int) -> int:
        return preview(Images(count), Preparation(resolution=16)).height // 158

    assert [rows(count) for count in (1, 5, 6, 1000)] == [1, 1, 2, 6]
    assert np.asarray(preview(Images(5), Preparation(resolution=16)))[146:156].min() == 0


@pytest.mark.parametrize("resolution", ["16x8", 300])
@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_every_shape_has_a_preview(resolution: Any, channels: int) -> None:
    pixels = np.zeros((9, 12, channels), np.uint8)
    how = Preparation(resolution=resolution, fit="pad", channels=channels)
    assert preview(Images(1, pixels), how).size == (1120, 158)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganzoo import RequestError, UnreadableImage
from ganzoo.data.image_facts import NO_LABEL, collect_facts, map_images


class Source:
    """Gray images; their number is their value and height; the fourth cannot be read."""

    class_names = ("even", "odd")
    fingerprint = "grays"

    def __len__(self) -> int:
        return 200

    def __getitem__(self, index: int) -> tuple[Image.Image, int | None]:
        if index == 3:
            raise UnreadableImage("third.png", "it is gone")
        return Image.new("L", (2, index + 1), index), None if index == 0 else index % 2


class Bulk(Source):
    """Images of the same size, read in bulk."""

    def __init__(self) -> None:
        self.asked: list[range] = []

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        self.asked.append(indices)
        values = np.array(indices)
        images = np.broadcast_to(values[:, None, None, None], (len(values), 4, 4, 1))
        return images.astype(np.uint8), values % 2


def ignore(done: int, total: int) -> None:
    """Show no progress."""


def test_facts_are_in_order_without_unreadable_images() -> None:
    facts, errors = collect_facts(Source(), range(200), ignore)
    expected = [number for number in range(200) if number != 3]
    assert facts["number"].tolist() == expected
    assert facts["height"].tolist() == [number + 1 for number in expected]
    assert facts["label"].tolist() == [NO_LABEL, *(number % 2 for number in expected[1:])]
    assert {number: error.reason for number, error in errors.items()} == {3: "it is gone"}


def test_ranges_are_read_in_bulk_and_other_numbers_one_by_one() -> None:
    source = Bulk()
    facts, _ = collect_facts(source, range(200), ignore)
    assert facts["number"].tolist() == list(range(200))
    assert facts["label"].tolist() == [number % 2 for number in range(200)]
    assert [len(indices) for indices in source.asked] == [64, 64, 64, 8]
    facts, _ = collect_facts(source, [5, 9, 190], ignore)
    assert facts["height"].tolist() == [6, 10, 191]
    assert len(source.asked) == 4


class Damaged(Bulk):
    """Two images cannot be read, nor any range that contains one of them."""

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        for bad in (70, 75):
            if bad in indices:
                raise RequestError(f"image {bad} holds NaN")
        return super().read(indices)

    def __getitem__(self, index: int) -> tuple[Image.Image, int | None]:
        images, labels = self.read(range(index, index + 1))
        return Image.fromarray(images[0, ..., 0]), int(labels[0])


@pytest.mark.parametrize("chunk", [None, 20])
def test_only_the_damaged_images_of_a_bulk_read_are_errors(chunk: int | None) -> None:
    class Chunked(Damaged):
        chunk, window, values = 20, 40, None

    source = Damaged() if chunk is None else Chunked()
    facts, errors = collect_facts(source, range(200), ignore)
    assert facts["number"].tolist() == [n for n in range(200) if n not in (70, 75)]
    assert {number: str(error) for number, error in errors.items()} == {
        n: f"cannot read the image number {n}: image {n} holds NaN" for n in (70, 75)
    }
    together = [len(indices) for indices in source.asked if len(indices) > 1]
    assert together == ([64, 64, 8] if chunk is None else [20] * 9)


def test_an_error_in_the_work_is_not_an_unreadable_image() -> None:
    def work(image: Any, label: int | None) -> None:
        raise ZeroDivisionError

    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(map_images(Source(), [1], work, pool))


@pytest.mark.parametrize(
    ("image", "facts"),
    [
        (Image.new("RGB", (3, 2), "red"), {"mode": "RGB", "one_color": True, "gray": False}),
        (Image.new("RGB", (3, 2), "gray"), {"gray": True}),
        (Image.new("P", (3, 2)), {"mode": "P", "gray": True}),
        (Image.new("CMYK", (3, 2)), {"mode": "CMYK", "gray": False}),
        (Image.new("RGBA", (3, 2), "#ff0000ff"), {"mode": "RGBA", "transparent": False}),
        (Image.new("RGBA", (3, 2), "#ff0000fe"), {"transparent": True}),
        (Image.new("LA", (3, 2), (9, 0)), {"mode": "LA", "transparent": True, "gray": True}),
        (Image.new("I;16", (3, 2), 9), {"mode": "I;16", "gray": True}),
        (np.zeros((2, 3, 7), np.uint8), {"mode": "7 channels", "gray": False}),
        (np.zeros((2, 3, 2), np.uint8), {"mode": "LA", "transparent": True}),
        (np.arange(18, dtype=np.uint8).reshape(2, 3, 3), {"one_color": False, "gray": False}),
    ],
)
def test_facts_of_an_image(image: Any, facts: dict[str, Any]) -> None:
    class One(Source):
        def __getitem__(self, index: int) -> tuple[Any, int | None]:
            return image, None

    (found,), _ = collect_facts(One(), [0], ignore)
    assert (found["width"], found["height"]) == (3, 2)
    assert {name: found[name].item() for name in facts} == facts


def test_one_pixel_changes_gray_and_one_color() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[7, 33, 2] = 1

    class One(Source):
        def __getitem__(self, index: int) -> tuple[Any, int | None]:
            return pixels, None

    (found,), _ = collect_facts(One(), [0], ignore)
    assert not found["one_color"]
    assert not found["gray"]

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from ganzoo import RequestError
from ganzoo.data.preparation import Preparation, prepare

RANDOM = np.random.default_rng(0)


def noise(*shape: int) -> NDArray[np.uint8]:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def prepared(image: Any, **settings: Any) -> NDArray[np.int64]:
    return prepare(image, Preparation(**settings)).astype(np.int64)


def test_settings_have_bounds_and_may_be_numbers_or_texts() -> None:
    assert Preparation().model_dump() == {
        "resolution": 64,
        "fit": "crop",
        "channels": "auto",
        "background": "white",
    }
    assert Preparation.model_validate({"resolution": "128", "channels": 3}).channels == 3
    for wrong in ({"resolution": 3}, {"resolution": 1025}, {"channels": 0}, {"fit": "squeeze"}):
        with pytest.raises(ValidationError):
            Preparation.model_validate(wrong)


@pytest.mark.parametrize("color", ["whit", "", "#12", "#11223344", "rgba(1, 2, 3, 4)"])
def test_a_background_that_is_not_an_opaque_color_is_refused(color: str) -> None:
    with pytest.raises(
        ValidationError, match=r"is not an opaque color: write a name such as white"
    ):
        Preparation(background=color)


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 100, (100, 100, 100)),
        ("LA", (100, 255), (100, 100, 100)),
        ("LA", (100, 0), (255, 255, 255)),
        ("P", 0, (0, 0, 0)),
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("CMYK", (255, 0, 0, 0), (0, 255, 255)),
        ("YCbCr", (100, 128, 128), (100, 100, 100)),
        ("LAB", (255, 128, 128), (255, 255, 255)),
        ("HSV", (0, 255, 255), (255, 0, 0)),
        ("I;16", 257 * 100, (100, 100, 100)),
        ("I;16B", 257 * 100, (100, 100, 100)),
        ("I;16", 257 * 100 + 128, (100, 100, 100)),
        ("I;16", 257 * 100 + 129, (101, 101, 101)),
        ("I;16", 65535, (255, 255, 255)),
        ("I", 257 * 100, (100, 100, 100)),
        ("I", 10**6, (255, 255, 255)),
        ("I", -1, (0, 0, 0)),
        ("F", 0.4, (102, 102, 102)),
        ("F", 7.0, (255, 255, 255)),
        ("F", float("nan"), (0, 0, 0)),
    ],
)
def test_every_mode_is_converted(mode: str, color: Any, expected: tuple[int, ...]) -> None:
    source = Image.new(mode, (9, 6), color)
    for fit in ("crop", "pad", "stretch"):
        image = prepared(source, resolution=8, fit=fit)
        assert image.shape == (8, 8, 3)
        np.testing.assert_allclose(image[4, 4], expected, atol=1 if mode == "LAB" else 0)


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_transparent_color_shows_the_background(mode: str) -> None:
    image = Image.new(mode, (8, 8), 0)
    image.info["transparency"] = (0, 0, 0) if mode == "RGB" else 0
    assert prepared(image, resolution=8, background="#0080ff")[3, 3].tolist() == [0, 128, 255]
    assert prepared(image, resolution=8, channels=4)[3, 3, 3] == 0


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_values_are_exact_without_resizing(channels: int) -> None:
    array = noise(16, 16, channels)
    expected = np.repeat(array, 3, axis=2) if channels == 1 else array
    wanted = "auto" if channels == 1 else channels
    np.testing.assert_array_equal(prepared(array, resolution=16, channels=wanted), expected)
    np.testing.assert_array_equal(
        prepared(array[..., :1], resolution=16, channels=1), array[..., :1]
    )
    if channels > 1:
        image = Image.fromarray(array)
        np.testing.assert_array_equal(prepared(image, resolution=16, channels=channels), array)


def test_gray_is_the_luma_of_the_colors() -> None:
    image = Image.new("RGB", (8, 8), (255, 0, 0))
    assert prepared(image, resolution=8, channels=1).tolist() == np.full((8, 8, 1), 76).tolist()


def test_crop_keeps_the_center() -> None:
    array = noise(16, 40, 3)
    np.testing.assert_array_equal(prepared(array, resolution=16), array[:, 12:28])
    np.testing.assert_array_equal(
        prepared(array.swapaxes(0, 1), resolution=16), array[:, 12:28].swapaxes(0, 1)
    )


def test_pad_keeps_the_whole_image_on_the_background() -> None:
    array = noise(8, 16, 3)
    padded = prepared(array, resolution=16, fit="pad", background="red")
    np.testing.assert_array_equal(padded[4:12], array)
    assert (padded[[0, 3, 12, 15]] == [255, 0, 0]).all()
    gray = prepared(array, resolution=16, fit="pad", background="red", channels=1)
    assert (gray[0] == 76).all()


def test_padding_is_transparent_with_4_channels() -> None:
    padded = prepared(noise(8, 16, 3), resolution=16, fit="pad", channels=4)
    assert (padded[4:12, :, 3] == 255).all()
    assert (padded[:4, :, 3] == 0).all()


def test_stretch_fills_the_square_with_the_whole_image() -> None:
    array = np.zeros((8, 32, 3), np.uint8)
    array[:, 16:] = 255
    stretched = prepared(array, resolution=8, fit="stretch")
    assert (stretched[:, 0] == 0).all()
    assert (stretched[:, 7] == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (10_000, 1), (1, 10_000)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_extreme_shapes_become_square(size: tuple[int, int], fit: str) -> None:
    assert prepared(Image.new("RGB", size), resolution=8, fit=fit).shape == (8, 8, 3)


def test_resizing_is_antialiased() -> None:
    checks = (np.indices((128, 128)).sum(0) % 2 * 255).astype(np.uint8)[..., np.newaxis]
    assert abs(prepared(checks, resolution=32) - 127.5).max() <= 1


def test_transparent_pixels_leave_no_fringe() -> None:
    array = np.zeros((64, 64, 4), np.uint8)
    array[16:48, 16:48] = (255, 0, 0, 255)
    image = Image.fromarray(array)
    layered = prepared(image, resolution=24, channels=4)
    assert (layered[layered[..., 3] > 8][:, 0] > 245).all()
    flat = prepared(image, resolution=24)
    assert (flat[..., 0] == 255).all()


@pytest.mark.parametrize(
    ("resolution", "kept"),
    [(64, 64), ("64", 64), ("64x64", 64), ("64x48", "64x48"), ("4x1024", "4x1024")],
)
def test_a_resolution_is_one_or_two_numbers(resolution: int | str, kept: int | str) -> None:
    assert Preparation(resolution=resolution).resolution == kept


@pytest.mark.parametrize("wrong", [0, 65, -1, "all", None, 2.5])
def test_another_number_of_channels_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="write auto, or a number from 1 to 64"):
        Preparation.model_validate({"channels": wrong})


@pytest.mark.parametrize(
    "wrong", ["3", "64x", "x64", "64x3", "64*48", "1025x8", -64, 6.5, "a", "٣٤"]
)
def test_another_resolution_is_refused(wrong: Any) -> None:
    with pytest.raises(
        ValidationError, match="write a number of pixels from 4 to 1024, or WIDTHxHEIGHT such as 64"
    ):
        Preparation.model_validate({"resolution": wrong})


def test_images_need_not_be_square() -> None:
    image = noise(30, 90, 3)  # height 30, width 90
    assert prepared(image, resolution="8x4").shape == (4, 8, 3)
    exact = prepared(image, resolution="60x30")  # the middle of its width
    assert np.array_equal(exact, image[:, 15:75])
    tall = prepared(image, resolution="10x30", fit="crop")
    assert np.array_equal(tall, image[:, 40:50])


def test_pad_fills_the_rest_of_the_shape() -> None:
    gray = np.full((20, 20, 3), 100, np.uint8)
    wide = prepared(gray, resolution="40x20", fit="pad", background="black")
    assert wide.shape == (20, 40, 3)
    assert (wide[:, 10:30] == 100).all()
    assert (wide[:, :10] == 0).all()
    assert (wide[:, 30:] == 0).all()


@pytest.mark.parametrize("channels", [2, 5, 12])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_arrays_may_have_any_number_of_channels(channels: int, fit: str) -> None:
    image = noise(16, 24, channels)
    made = prepared(image, resolution=8, channels=channels, fit=fit)
    assert made.shape == (8, 8, channels)
    for channel in range(channels):
        alone = prepared(image[..., channel : channel + 1], resolution=8, channels=1, fit=fit)
        assert np.array_equal(made[..., channel], alone[..., 0])


@pytest.mark.parametrize(
    ("image", "channels", "message"),
    [
        (np.zeros((8, 8, 2), np.uint8), "auto", "an image has 2 channels: write data.channels=2"),
        (np.zeros((8, 8, 5), np.uint8), 6, "data.channels=6, but an image has 5 channels"),
        (Image.new("RGB", (8, 8)), 5, "data.channels=5 is for arrays"),
    ],
)
def test_other_channels_than_requested_are_refused(image: Any, channels: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        prepare(image, Preparation(channels=channels))


@pytest.mark.parametrize("array", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3))])
def test_an_array_of_another_type_or_shape_is_refused(array: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="not of uint8 and shape"):
        prepare(array, Preparation())


def test_reading_and_preparing_images_does_not_import_torch() -> None:
    code = (
        "import sys, ganzoo.data.decoding, ganzoo.data.preparation, ganzoo.data.fingerprint, "
        "ganzoo.data.download; sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("channels", ["auto", 5])
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 16, 16), (4, 16, 20)])
def test_an_array_with_channels_first_is_refused_with_a_remedy(shape: Any, channels: Any) -> None:
    with pytest.raises(RequestError, match=r"looks like \(C, H, W\).*dataset\.layout=NCHW"):
        prepared(np.zeros(shape, np.uint8), resolution=16, channels=channels)


def test_an_array_without_channels_or_of_floats_is_refused_in_one_line() -> None:
    with pytest.raises(RequestError, match=r"of uint8 and shape \(8, 8\), .*: add an axis"):
        prepared(np.zeros((8, 8), np.uint8), resolution=8)
    with pytest.raises(RequestError, match=r"of float32 and shape \(8, 8, 3\), not of uint8"):
        prepared(np.zeros((8, 8, 3), np.float32), resolution=8)

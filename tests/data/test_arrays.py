from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo import ImageArray, RequestError, encode_labels
from ganzoo.data import arrays

NHWC = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), np.uint8)


def read(array: NDArray[Any], **how: Any) -> NDArray[np.uint8]:
    images = ImageArray(array, "images", **how)
    return images.read(range(len(images)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_may_come_first_or_last(channels: int) -> None:
    last = np.random.default_rng(0).integers(0, 256, (6, 8, 7, channels), np.uint8)
    np.testing.assert_array_equal(read(last), last)
    np.testing.assert_array_equal(read(last.transpose(0, 3, 1, 2)), last)


def test_images_without_channels_are_gray() -> None:
    np.testing.assert_array_equal(read(NHWC[..., 0]), NHWC[..., :1])


def test_any_number_of_channels_is_read_with_a_given_layout() -> None:
    many = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 6), np.uint8)
    np.testing.assert_array_equal(read(many, layout="NHWC"), many)
    np.testing.assert_array_equal(read(many.transpose(0, 3, 1, 2), layout="NCHW"), many)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 4, 8, 3), "two axes can be the channels"),
        ((2, 5, 8, 6), "no axis can be the channels"),
    ],
)
def test_an_ambiguous_layout_is_refused(shape: tuple[int, ...], message: str) -> None:
    remedy = r"write dataset\.layout=NHWC or dataset\.layout=NCHW"
    with pytest.raises(RequestError, match=rf"^images has .*{message}; {remedy}$"):
        read(np.full(shape, 9, np.uint8))


def test_a_layout_and_range_stated_in_the_file_are_used() -> None:
    black = np.zeros((2, 4, 4, 4), np.uint8)
    stated = {"layout": "NCHW", "range": "0..255"}
    found = ImageArray(black, "images", stated=stated)
    assert (found.layout, found.range) == ("NCHW", "0..255")
    named = ImageArray(black, "images", "NHWC", "0..1", stated)
    assert (named.layout, named.range) == ("NHWC", "0..1")
    other = ImageArray(NHWC, "images", stated={"layout": "planar", "range": "0..99"})
    assert (other.layout, other.range) == ("NHWC", "0..255")


@pytest.mark.parametrize("shape", [(9,), (3, 9), (2, 9, 9, 3, 1), (0, 9, 9, 3), (2, 0, 9, 3)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RequestError, match=r"images need \(N, H, W\), "):
        read(np.zeros(shape, np.uint8))


def test_a_single_image_is_not_read_as_many_narrow_images() -> None:
    with pytest.raises(RequestError, match="a single image needs a first axis of length 1"):
        read(np.full((32, 32, 3), 9, np.uint8))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_are_converted_to_the_exact_bytes(dtype: Any) -> None:
    unit = (NHWC / 255).astype(dtype)
    np.testing.assert_array_equal(read(unit), NHWC)
    np.testing.assert_array_equal(read(unit * 2 - 1), NHWC)
    np.testing.assert_array_equal(read(NHWC.astype(dtype), values="0..255"), NHWC)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int64])
def test_integers_of_any_width_are_converted_to_bytes(dtype: Any) -> None:
    np.testing.assert_array_equal(read(NHWC.astype(dtype)), NHWC)


def test_booleans_become_black_and_white() -> None:
    np.testing.assert_array_equal(read(NHWC > 99), (NHWC > 99) * 255)


def test_values_outside_a_given_range_are_clipped() -> None:
    values = np.resize(np.array([-0.5, 0, 0.5, 1.5], np.float32), (1, 4, 4))
    pixels = read(values, values="0..1")[0, 0, :, 0]
    np.testing.assert_array_equal(pixels, [0, 0, 128, 255])


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (np.array([0, 1], np.uint8), "uint8 values from 0 to 1"),
        (np.array([0, 256], np.uint16), "uint16 values from 0 to 256"),
        (np.array([-1, 9], np.int16), "int16 values from -1 to 9"),
        (np.array([0, 1.5], np.float32), "float32 values from 0 to 1.5"),
        (np.array([-2, 1], np.float64), "float64 values from -2 to 1"),
    ],
)
def test_an_ambiguous_range_is_refused(values: NDArray[Any], shown: str) -> None:
    with pytest.raises(RequestError, match=rf"{shown}; .* write dataset\.range=0\.\.1"):
        read(np.resize(values, (2, 4, 4)))


def test_the_range_is_found_from_all_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_BYTES_PER_READ", 1)
    values = np.zeros((9, 4, 4), np.float32)
    values[-1, -1, -1] = -1
    assert ImageArray(values, "images").range == "-1..1"


@pytest.mark.parametrize("how", ["auto", "0..1"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_with_the_image_number(value: float, how: str) -> None:
    values = np.zeros((9, 4, 4), np.float32)
    values[7, 2, 2] = value
    with pytest.raises(
        RequestError, match="images: image 7 has values that are not finite numbers"
    ):
        read(values, values=how)


@pytest.mark.parametrize("values", [np.zeros((2, 8, 8), complex), np.full((2, 8, 8), "x")])
def test_arrays_of_other_types_are_refused(values: NDArray[Any]) -> None:
    with pytest.raises(RequestError, match="images need numbers"):
        read(values)


def test_labels_without_names_become_the_class_names() -> None:
    numbers, names = encode_labels(np.array([7, 3, 7, 10], np.uint16), "labels")
    assert (numbers.tolist(), names) == ([1, 0, 1, 2], ("3", "7", "10"))
    numbers, names = encode_labels(np.array([["rose"], ["iris"]]), "labels")
    assert (numbers.tolist(), names) == ([1, 0], ("iris", "rose"))
    numbers, names = encode_labels(np.array([b"caf\xe9"]), "labels")
    assert (numbers.tolist(), names) == ([0], ("caf\\xe9",))


def test_undecodable_class_names_are_escaped() -> None:
    numbers, names = encode_labels(np.array(["b", "\ud800", "b"]), "labels")
    assert (numbers.tolist(), names) == ([0, 1, 0], ("b", "\\ud800"))
    assert encode_labels(np.array([0]), "labels", ["\udce9"])[1] == ("\\udce9",)
    assert encode_labels(np.array([0]), "labels", np.array([b"\xe9", "é".encode()]))[1] == (
        *("\\xe9", "é"),
    )


def test_two_classes_with_the_same_name_are_refused() -> None:
    with pytest.raises(
        RequestError, match="labels: 2 classes have the name 'a': give each class its own name"
    ):
        encode_labels(np.array([0, 1]), "labels", ["b", "a", "a"])


def test_labels_must_have_a_class_name() -> None:
    numbers, names = encode_labels(np.array([2, 0]), "labels", ["a", "b", "c"])
    assert (numbers.tolist(), names) == ([2, 0], ("a", "b", "c"))
    with pytest.raises(
        RequestError, match=r"image 0 has the label 2, but the 2 class names have the labels 0 to 1"
    ):
        encode_labels(np.array([2, 0]), "labels", ["a", "b"])
    with pytest.raises(RequestError, match="image 0 has the label 'x', but the 2 class names"):
        encode_labels(np.array(["x", "b"]), "labels", ["a", "b"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0.5]), "have the type float64"),
        (np.eye(3, dtype=np.int64), r"the shape \(3, 3\)"),
        (np.array([-1, 3]), "image 0 has the label -1: labels start at 0"),
    ],
)
def test_labels_of_another_type_or_shape_are_refused(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(RequestError, match=f"^labels.*{message}"):
        encode_labels(labels, "labels")


def test_a_layout_that_contradicts_the_shape_is_refused() -> None:
    with pytest.raises(RequestError, match=r"looks like \(N, C, H, W\).*dataset\.layout=NCHW"):
        read(np.zeros((2, 3, 32, 32), np.uint8), layout="NHWC")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, None, 1, None]), "image 1 has no label, and 2 of 4 have one: give every"),
        (np.array([0, 1, -1, -2]), "image 2 has the label -1: labels start at 0"),
        (
            np.array([0, 1, 5, 5]),
            "image 2 has the label 5, but the 2 class names have .* 0 to 1",
        ),
    ],
)
def test_the_message_names_the_image_with_a_wrong_label(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        encode_labels(labels, "a.npz: labels", ["a", "b"])


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ((0.0, 255.0), r"write dataset\.range=0\.\.255$"),
        ((-3.0, 2.5), r"write dataset\.range=0\.\.1, -1\.\.1 or 0\.\.255; values outside are"),
    ],
)
def test_the_message_suggests_the_range_that_contains_all_values(
    values: tuple[float, float], remedy: str
) -> None:
    array = np.full((2, 8, 8), values[0], np.float32)
    array[1] = values[1]
    with pytest.raises(RequestError, match=f"black and white are unknown: {remedy}"):
        read(array)

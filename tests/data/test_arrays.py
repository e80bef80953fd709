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


def test_any_number_of_channels_is_read_where_the_layout_is_named() -> None:
    many = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 6), np.uint8)
    np.testing.assert_array_equal(read(many, layout="NHWC"), many)
    np.testing.assert_array_equal(read(many.transpose(0, 3, 1, 2), layout="NCHW"), many)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 4, 8, 3), "either axis may be the channels"),
        ((2, 5, 8, 6), "no axis may be the channels"),
    ],
)
def test_an_ambiguous_layout_is_asked_for(shape: tuple[int, ...], message: str) -> None:
    remedy = r"write dataset\.layout=NHWC or dataset\.layout=NCHW"
    with pytest.raises(RequestError, match=rf"^images has .*{message}: {remedy}$"):
        read(np.full(shape, 9, np.uint8))


def test_what_the_file_states_is_not_guessed_unless_it_is_unknown() -> None:
    black = np.zeros((2, 4, 4, 4), np.uint8)
    stated = {"layout": "NCHW", "range": "0..255"}
    found = ImageArray(black, "images", stated=stated)
    assert (found.layout, found.range) == ("NCHW", "0..255")
    named = ImageArray(black, "images", "NHWC", "0..1", stated)
    assert (named.layout, named.range) == ("NHWC", "0..1")
    other = ImageArray(NHWC, "images", stated={"layout": "planar", "range": "0..99"})
    assert (other.layout, other.range) == ("NHWC", "0..255")


@pytest.mark.parametrize("shape", [(9,), (3, 9), (2, 9, 9, 3, 1), (0, 9, 9, 3), (2, 0, 9, 3)])
def test_what_has_no_shape_of_images_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RequestError, match=r"and images have \(N, H, W\), "):
        read(np.zeros(shape, np.uint8))


def test_a_single_image_is_not_taken_for_many_narrow_ones() -> None:
    with pytest.raises(RequestError, match="a single image needs an axis for their number"):
        read(np.full((32, 32, 3), 9, np.uint8))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_come_back_to_the_byte(dtype: Any) -> None:
    unit = (NHWC / 255).astype(dtype)
    np.testing.assert_array_equal(read(unit), NHWC)
    np.testing.assert_array_equal(read(unit * 2 - 1), NHWC)
    np.testing.assert_array_equal(read(NHWC.astype(dtype), values="0..255"), NHWC)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int64])
def test_whole_numbers_of_any_width_are_bytes(dtype: Any) -> None:
    np.testing.assert_array_equal(read(NHWC.astype(dtype)), NHWC)


def test_booleans_are_black_and_white() -> None:
    np.testing.assert_array_equal(read(NHWC > 99), (NHWC > 99) * 255)


def test_a_named_range_clips() -> None:
    values = np.resize(np.array([-0.5, 0, 0.5, 1.5], np.float32), (1, 4, 4))
    pixels = read(values, values="0..1")[0, 0, :, 0]
    np.testing.assert_array_equal(pixels, [0, 0, 128, 255])


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (np.array([0, 1], np.uint8), "uint8 from 0 to 1"),
        (np.array([0, 256], np.uint16), "uint16 from 0 to 256"),
        (np.array([-1, 9], np.int16), "int16 from -1 to 9"),
        (np.array([0, 1.5], np.float32), "float32 from 0 to 1.5"),
        (np.array([-2, 1], np.float64), "float64 from -2 to 1"),
    ],
)
def test_an_uncertain_range_is_asked_for(values: NDArray[Any], shown: str) -> None:
    with pytest.raises(RequestError, match=rf"{shown}, .* write dataset\.range=0\.\.1"):
        read(np.resize(values, (2, 4, 4)))


def test_the_range_is_found_from_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_BYTES_PER_READ", 1)
    values = np.zeros((9, 4, 4), np.float32)
    values[-1, -1, -1] = -1
    assert ImageArray(values, "images").range == "-1..1"


@pytest.mark.parametrize("how", ["auto", "0..1"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_with_their_place(value: float, how: str) -> None:
    values = np.zeros((9, 4, 4), np.float32)
    values[7, 2, 2] = value
    with pytest.raises(RequestError, match="images: image 7 holds values that are no numbers"):
        read(values, values=how)


@pytest.mark.parametrize("values", [np.zeros((2, 8, 8), complex), np.full((2, 8, 8), "x")])
def test_what_is_no_number_is_refused(values: NDArray[Any]) -> None:
    with pytest.raises(RequestError, match="and images are of numbers"):
        read(values)


def test_labels_that_have_no_names_are_named_by_themselves() -> None:
    numbers, names = encode_labels(np.array([7, 3, 7, 10], np.uint16), "labels")
    assert (numbers.tolist(), names) == ([1, 0, 1, 2], ("3", "7", "10"))
    numbers, names = encode_labels(np.array([["rose"], ["iris"]]), "labels")
    assert (numbers.tolist(), names) == ([1, 0], ("iris", "rose"))
    numbers, names = encode_labels(np.array([b"caf\xe9"]), "labels")
    assert (numbers.tolist(), names) == ([0], ("caf\\xe9",))


def test_names_that_are_no_text_are_escaped() -> None:
    numbers, names = encode_labels(np.array(["b", "\ud800", "b"]), "labels")
    assert (numbers.tolist(), names) == ([0, 1, 0], ("b", "\\ud800"))
    assert encode_labels(np.array([0]), "labels", ["\udce9"])[1] == ("\\udce9",)
    assert encode_labels(np.array([0]), "labels", np.array([b"\xe9", "é".encode()]))[1] == (
        *("\\xe9", "é"),
    )


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match="labels: 2 classes are called 'a': give each a name"):
        encode_labels(np.array([0, 1]), "labels", ["b", "a", "a"])


def test_names_are_counted_from_0() -> None:
    numbers, names = encode_labels(np.array([2, 0]), "labels", ["a", "b", "c"])
    assert (numbers.tolist(), names) == ([2, 0], ("a", "b", "c"))
    with pytest.raises(RequestError, match=r"labels hold 2, and the 2 class names .* from 0 to 1"):
        encode_labels(np.array([2, 0]), "labels", ["a", "b"])
    with pytest.raises(RequestError, match="labels hold 'x', and the 2 class names"):
        encode_labels(np.array(["x", "b"]), "labels", ["a", "b"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0.5]), "float64 of shape"),
        (np.eye(3, dtype=np.int64), r"of shape \(3, 3\)"),
        (np.array([-1, 3]), "hold -1, and labels count from 0"),
    ],
)
def test_other_labels_are_refused(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(RequestError, match=f"labels .*{message}"):
        encode_labels(labels, "labels")


def test_a_layout_that_the_shape_contradicts_is_corrected() -> None:
    with pytest.raises(RequestError, match=r"looks like \(N, C, H, W\).*dataset\.layout=NCHW"):
        read(np.zeros((2, 3, 32, 32), np.uint8), layout="NHWC")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, None, 1, None]), "image 1 has no label, and 2 of 4 have one: give every"),
        (np.array([0, 1, -1, -2]), r"hold -1, and labels count from 0 \(image 2\)"),
        (np.array([0, 1, 5, 5]), r"hold 5, and the 2 class names .* to 1 \(image 2\)"),
    ],
)
def test_the_image_with_a_wrong_label_is_named(labels: NDArray[Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        encode_labels(labels, "a.npz: labels", ["a", "b"])


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ((0.0, 255.0), r"write dataset\.range=0\.\.255$"),
        ((-3.0, 2.5), r"write dataset\.range=0\.\.1, -1\.\.1 or 0\.\.255, and what lies beyond is"),
    ],
)
def test_the_range_that_holds_all_values_is_suggested(
    values: tuple[float, float], remedy: str
) -> None:
    array = np.full((2, 8, 8), values[0], np.float32)
    array[1] = values[1]
    with pytest.raises(RequestError, match=f"black and white is not certain: {remedy}"):
        read(array)

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image
from pydantic import Field, ValidationError

from ganzoo import EightBitConverter, Options, PixelRange, RequestError
from ganzoo.data import bit_depth

Values = list[Any]


def image(values: Values, kind: type[Any]) -> Image.Image:
    return Image.fromarray(np.array([values], kind))


def encoded(values: Values, kind: type[Any]) -> bytes:
    stream = io.BytesIO()
    image(values, kind).save(stream, "PNG" if kind is np.uint8 else "TIFF")
    return stream.getvalue()


def ranges(tmp_path: Path, files: Mapping[str, bytes], wanted: str = "auto") -> EightBitConverter:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def read(name: str) -> BinaryIO:
        return (tmp_path / name).open("rb")

    paths = [tmp_path / name for name in files]
    return EightBitConverter(wanted, list(files), paths, read, "pics")


def grays(found: EightBitConverter, values: Values, kind: type[Any]) -> Any:
    return np.asarray(found.convert(image(values, kind)))[0].tolist()


@pytest.mark.parametrize(
    ("kind", "values", "limits", "expected"),
    [
        (np.float32, [0, 100, 255], "0..255", [0, 100, 255]),
        (np.float32, [-1, 0, 1], "-1..1", [0, 128, 255]),
        (np.float32, [np.nan, 0, 255], "0..255", [0, 0, 255]),
        (np.uint16, [0, 2048, 4000], "0..4095", [0, 128, 249]),
        (np.uint16, [0, 1, 255], "0..255", [0, 1, 255]),
        (np.uint16, [0, 1000], "0..1023", [0, 249]),
        (np.uint16, [0, 16000], "0..16383", [0, 249]),
    ],
)
def test_the_range_is_found_and_noted(
    kind: type[Any], values: Values, limits: str, expected: Values, tmp_path: Path
) -> None:
    files = {"a": encoded(values[:2], kind), "b": encoded(values[1:], kind)}
    found = ranges(tmp_path, files)
    what = "floats" if kind is np.float32 else "whole numbers"
    (note,) = found.notes
    assert note.startswith(
        f"pixels that are {what} of more than 8 bits are read in the range {limits}; write "
        "dataset.range="
    )
    assert found.identity == f"-{limits}"
    assert grays(found, values, kind) == expected


@pytest.mark.parametrize(
    ("kind", "values"),
    [(np.float32, [0, 1]), (np.uint16, [0, 40000]), (np.uint8, [0, 200])],
)
def test_images_with_the_default_range_are_not_converted(
    kind: type[Any], values: Values, tmp_path: Path
) -> None:
    found = ranges(tmp_path, {"a": encoded(values, kind), "b": b"text", "c.jpg": b"II*\0"})
    assert (found.notes, found.identity) == ([], "")
    assert grays(found, values, kind) == values


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (np.float32, [-1000, 400], "the pixels in pics are floats from -1000 to 400"),
        (np.float32, [0, 1.02], "the pixels in pics are floats from 0 to 1.02"),
        (np.float32, [0, 5000], "from 0 to 5000"),
        (np.uint16, [0, 1], "the pixels in pics are whole numbers from 0 to 1;"),
        (np.int32, [0, 70000], "from 0 to 70000"),
        (np.int32, [-5, 9], "from -5 to 9"),
    ],
)
def test_an_ambiguous_range_is_refused(
    kind: type[Any], values: Values, said: str, tmp_path: Path
) -> None:
    files = {"a": encoded(values, kind)}
    with pytest.raises(RequestError, match=rf"{said}.*: write dataset\.range=LOW\.\.HIGH"):
        _ = ranges(tmp_path, files).notes
    found = ranges(tmp_path, files, "-5.5..9")
    assert found.notes == []
    assert found.identity.startswith("--5.5..9")
    assert grays(found, [-100, -5.5, 9, 100], np.float32) == [0, 0, 255, 255]


def test_the_extremes_are_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a": encoded([0, 4000], np.uint16)}
    first = ranges(tmp_path, files).identity
    monkeypatch.setattr(bit_depth, "open_image", lambda *_: pytest.fail("read again"))
    again = EightBitConverter(
        "auto", ["a"], [tmp_path / "a"], lambda _: pytest.fail("read again"), "x"
    )
    assert again.identity == first


class Given(Options):
    range: PixelRange = Field("auto", description="What black and white are.")


@pytest.mark.parametrize("text", ["0..1", "-1000..400", "0.5..1.5", "auto"])
def test_a_pixel_range_is_two_numbers(text: str) -> None:
    assert Given.model_validate({"range": text}).range == text


@pytest.mark.parametrize("text", ["", "1..0", "1..1", "1", "a..b", "0...1", "0..inf"])
def test_other_texts_are_not_a_pixel_range(text: str) -> None:
    with pytest.raises(ValidationError, match=r"write auto, or LOW\.\.HIGH"):
        Given.model_validate({"range": text})

"""The formats of exports, their files and their options."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo.export.formats import FORMATS, Format, format_of


@pytest.mark.parametrize("chosen", FORMATS.values(), ids=list(FORMATS))
def test_each_format_has_a_writer(chosen: Format) -> None:
    assert callable(pkgutil.resolve_name(chosen.writer))


def test_an_unknown_format_is_refused_with_the_nearest_name() -> None:
    assert format_of("onnx").suffix == ".onnx"
    with pytest.raises(RequestError, match="no format onx; did you mean onnx"):
        format_of("onx")
    with pytest.raises(RequestError, match="there are safetensors, onnx, torch, web"):
        format_of("tensorflow")


def test_an_option_of_another_format_is_refused() -> None:
    assert FORMATS["onnx"].options_of({"float16": True}) == {"float16": True}
    with pytest.raises(RequestError, match="--float16 is an option of onnx, not of torch: remove"):
        FORMATS["torch"].options_of({"float16": True})


def test_the_name_of_the_file_has_the_ending_of_the_format(tmp_path: Path) -> None:
    FORMATS["onnx"].check_path(tmp_path / "a.onnx")
    with pytest.raises(RequestError, match=r"onnx is a file: choose a name that ends in \.onnx"):
        FORMATS["onnx"].check_path(tmp_path / "a.pt")
    with pytest.raises(RequestError, match=r"web is a file or a folder: .* \.html"):
        FORMATS["web"].check_path(tmp_path / "a.pt")
    with pytest.raises(RequestError, match=r"page\.html: a folder of the format web has no"):
        FORMATS["web"].check_path(tmp_path / "page.html", is_folder=True)
    with pytest.raises(RequestError, match="choose a name"):
        FORMATS["torch"].check_path(tmp_path / "a", is_folder=True)


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").touch()
    (tmp_path / "page").mkdir()
    FORMATS["web"].check_path(tmp_path / "page", is_folder=True)
    (tmp_path / "page" / "index.html").touch()
    with pytest.raises(RequestError, match="exists already"):
        FORMATS["onnx"].check_path(tmp_path / "a.onnx")
    with pytest.raises(RequestError, match="exists already"):
        FORMATS["web"].check_path(tmp_path / "page", is_folder=True)
    FORMATS["onnx"].check_path(tmp_path / "a.onnx", force=True)
    FORMATS["web"].check_path(tmp_path / "page", is_folder=True, force=True)

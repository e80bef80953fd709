from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo import RequestError, UnreadableImage
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.collection import Collection
from ganzoo.data.descriptions import (
    Description,
    image_names,
    read_descriptions,
    require_rows_for,
    texts_for,
)
from ganzoo.data.preparation import Preparation


class Named:
    """Images with names; those named bad cannot be read."""

    class_names: tuple[str, ...] = ()

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fingerprint = "-".join(names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Image.Image, None]:
        if self.names[index].startswith("bad"):
            raise UnreadableImage(self.names[index], "it is damaged", skip=True)
        return Image.new("RGB", (8, 8), (index, 0, 9)), None

    def name(self, index: int) -> str:
        return self.names[index]


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_of_data_fetch_is_read(tmp_path: Path) -> None:
    text = 'file,address,description,label\na.jpg,https://a,"red, green",rose\nb.jpg,https://b,,\n'
    found = read_descriptions(table(tmp_path / "images.csv", text))
    assert found == {
        "a.jpg": Description("https://a", "red, green"),
        "b.jpg": Description("https://b"),
    }


def test_columns_may_be_missing_or_additional(tmp_path: Path) -> None:
    text = "\ufeffdescription,year,file\r\none,1999,a.jpg\r\ntwo,,a.jpg\r\n\r\nshort\r\n"
    found = read_descriptions(table(tmp_path / "a.csv", text))
    assert found == {"a.jpg": Description(description="one")}


def test_other_files_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("file\nbl\xfcte.jpg".encode("latin-1"))
    table(tmp_path / "columns.csv", "name,description\na,b\n")
    table(tmp_path / "quotes.csv", 'file,description\na,"b\n')
    table(tmp_path / "empty.csv", "")
    table(tmp_path / "long.csv", f"file,description\na,{'b' * 200_000}\n")
    for name, said in {
        "missing.csv": "there is no table",
        "latin.csv": "is not a CSV file in UTF-8",
        "columns.csv": "no column 'file'",
        "quotes.csv": "is not a CSV file",
        "empty.csv": "no column 'file'",
        "long.csv": "is not a CSV file",
        ".": "there is no table",
    }.items():
        with pytest.raises(RequestError, match=said) as refused:
            read_descriptions(tmp_path / name)
        assert "\n" not in str(refused.value)


def test_texts_are_in_the_order_of_the_images(tmp_path: Path) -> None:
    text = "file,address,description\nb.jpg,https://b,two\na.jpg,,one\n"
    rows = read_descriptions(table(tmp_path / "t.csv", text))
    texts = texts_for(["a.jpg", "b.jpg", "c.jpg"], rows)
    assert texts == {"source": ["a.jpg", "https://b", "c.jpg"], "description": ["one", "two", ""]}


def test_without_rows_the_source_is_the_name() -> None:
    assert texts_for(["a.jpg"], {}) == {"source": ["a.jpg"]}
    assert texts_for([], {}) == {}


def test_descriptions_of_other_images_are_refused() -> None:
    rows = {"x.jpg": Description()}
    with pytest.raises(RequestError, match=r"the table has x\.jpg, the dataset has a\.jpg"):
        require_rows_for(["a.jpg"], rows)
    with pytest.raises(RequestError, match="the dataset's images have no names"):
        require_rows_for([], rows)
    require_rows_for(["a.jpg", "x.jpg"], rows)
    assert texts_for(["a.jpg"], rows) == {"source": ["a.jpg"]}


def test_names_skip_images_that_were_left_out() -> None:
    source = Named("a", "bad b", "c", "d", "bad e")
    for _ in range(2):  # first prepared, then read from the cache
        data = load_or_prepare(source, Preparation(resolution=8))
        assert image_names(source, Collection.of(data)) == ["a", "c", "d"]


def test_names_are_of_the_chosen_classes() -> None:
    class Labeled(Named):
        class_names = ("even", "odd")

        def __getitem__(self, index: int) -> tuple[Image.Image, Any]:
            return super().__getitem__(index)[0], index % 2

    source = Labeled("a", "bad b", "c", "d", "e")
    data = load_or_prepare(source, Preparation(resolution=8))
    assert image_names(source, Collection.of(data, ["even"])) == ["a", "c", "e"]
    assert image_names(source, Collection.of(data, ["odd"])) == ["d"]

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo import RequestError, UnreadablePicture
from ganzoo_image_folder import ImageFolderOptions, ganzoo_datasets
from ganzoo_image_folder.folder import ImageFolder

Greys = dict[str, int]
"""The grey of each picture, by its relative name."""


def paint(folder: Path, greys: Greys) -> Path:
    for name, grey in greys.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), grey).save(folder / name, "PNG")
    return folder


def source(path: Path | None, **options: Any) -> ImageFolder:
    return ImageFolder(ImageFolderOptions(path=path, **options))


def contents(found: ImageFolder) -> list[tuple[Any, int | None]]:
    """The grey and the label of every picture, in order."""
    pairs = [found[index] for index in range(len(found))]
    return [(picture.getpixel((0, 0)), label) for picture, label in pairs]


def test_subfolders_are_classes_however_deep_the_pictures_lie(tmp_path: Path) -> None:
    paint(tmp_path, {"tulip/x.png": 1, "rose/b.png": 2, "rose/a/b/c/d.png": 3, "iris.old/x.png": 4})
    found = source(tmp_path)
    assert found.class_names == ["iris.old", "rose", "tulip"]
    assert contents(found) == [(4, 0), (3, 1), (2, 1), (1, 2)]


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"b.png": 1, "a.png": 2, "B.PNG": 3}))
    assert found.class_names == []
    assert contents(found) == [(3, None), (2, None), (1, None)]


def test_pictures_beside_subfolders_leave_all_without_labels(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"rose/b.png": 1, "a.png": 2}))
    assert found.class_names == []
    assert contents(found) == [(2, None), (1, None)]


def test_what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    paint(
        tmp_path,
        {
            "rose/a.JPEG": 1,
            "rose/.hidden.png": 2,
            ".cache/a.png": 3,
            "__MACOSX/a.png": 4,
            "rose/Thumbs.db": 5,
            "readme.txt": 6,
            "rose/png": 7,
        },
    )
    found = source(tmp_path)
    assert found.class_names == ["rose"]
    assert contents(found) == [(1, 0)]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_an_unreadable_picture_is_named_and_left_out_on_request(
    on_error: str, tmp_path: Path
) -> None:
    paint(tmp_path, {"a.png": 1})
    (tmp_path / "b.png").write_text("<html>")
    (tmp_path / "c.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d.png").symlink_to(tmp_path / "d.png")
    (tmp_path / "folder.png").mkdir()
    found = source(tmp_path, on_error=on_error)
    assert len(found) == 4
    for index, name in enumerate("bcd", start=1):
        with pytest.raises(UnreadablePicture, match=rf"{tmp_path}.{name}\.png: ") as caught:
            found[index]
        assert caught.value.skip == (on_error == "skip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    found = source(tmp_path)
    assert len(found.fingerprint) == 64
    with pytest.raises(UnreadablePicture, match="it is no file"):
        found[0]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    paint(tmp_path / "elsewhere", {"a.png": 1})
    paint(tmp_path / "pictures", {"rose/a.png": 2})
    (tmp_path / "pictures/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pictures/rose/back").symlink_to(tmp_path / "pictures")
    (tmp_path / "pictures/rose/self").symlink_to(tmp_path / "pictures/rose/self")
    found = source(tmp_path / "pictures")
    assert found.class_names == ["linked", "rose"]
    assert contents(found) == [(1, 0), (2, 1)]


def test_names_may_be_any_bytes(tmp_path: Path) -> None:
    try:
        paint(tmp_path, {"caf\udce9/new\nline.png": 1, "sch\u00f6n/a b.png": 2})
    except OSError:
        pytest.skip("this file system keeps no such names")
    found = source(tmp_path)
    assert found.class_names == ["caf\\xe9", "sch\u00f6n"]
    assert contents(found) == [(1, 0), (2, 1)]
    assert len(found.fingerprint) == 64


def test_the_fingerprint_is_of_classes_names_and_content(tmp_path: Path) -> None:
    greys = {"rose/a.png": 1, "tulip/a.png": 2}
    first = source(paint(tmp_path / "first", greys)).fingerprint
    assert source(paint(tmp_path / "second", greys)).fingerprint == first
    others = [
        {"rose/a.png": 1, "tulip/a.png": 3},
        {"rose/a.png": 1, "iris/a.png": 2},
        {"rose/a.png": 1},
    ]
    found = {source(paint(tmp_path / str(i), o)).fingerprint for i, o in enumerate(others)}
    assert len({first, *found}) == 4


def test_a_folder_without_a_path_or_pictures_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/readme.txt").touch()
    for path, message in {
        None: r"write dataset\.path=FOLDER",
        tmp_path / "missing": r"the folder .*missing: No such file .*dataset\.path",
        tmp_path / "file": r"the folder .*file: Not a directory.*dataset\.path",
        tmp_path / "empty": r"no picture in .*empty or below.*\*\.jpg",
        tmp_path / "texts": r"no picture in .*texts or below.*\*\.jpg",
    }.items():
        with pytest.raises(RequestError, match=message) as caught:
            source(path)
        assert "\n" not in str(caught.value)


def test_the_component_builds_it(tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    paint(tmp_path, {"a.png": 1})
    options = component.options.model_validate({"path": str(tmp_path)})
    assert len(component.build(options)) == 1

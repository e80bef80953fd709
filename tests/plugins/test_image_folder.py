from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo import Condition, RequestError, UnreadableImage
from ganzoo.folders import RunFolder
from ganzoo_image_folder import ImageFolderOptions, ganzoo_datasets
from ganzoo_image_folder import table as tables
from ganzoo_image_folder.folder import ImageFolder

Grays = dict[str, int]
"""The gray level of each image by its relative name."""


def paint(folder: Path, grays: Grays) -> Path:
    for name, gray in grays.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), gray).save(folder / name, "PNG")
    return folder


def source(path: Path | None, **options: Any) -> ImageFolder:
    return ImageFolder(ImageFolderOptions(path=path, **options))


def contents(found: ImageFolder) -> list[tuple[Any, Any]]:
    """The gray level and the label or values of every image, in order."""
    pairs = [found[index] for index in range(len(found))]
    return [(image.getpixel((0, 0)), label) for image, label in pairs]


def test_subfolders_are_classes_at_any_depth_of_images(tmp_path: Path) -> None:
    paint(tmp_path, {"tulip/x.png": 1, "rose/b.png": 2, "rose/a/b/c/d.png": 3, "iris.old/x.png": 4})
    found = source(tmp_path)
    assert found.class_names == ("iris.old", "rose", "tulip")
    assert contents(found) == [(4, 0), (3, 1), (2, 1), (1, 2)]
    assert [found.name(index) for index in (0, 1)] == ["iris.old/x.png", "rose/a/b/c/d.png"]


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"b.png": 1, "a.png": 2, "B.PNG": 3}))
    assert found.class_names == ()
    assert contents(found) == [(3, None), (2, None), (1, None)]


def test_many_images_outside_subfolders_remove_all_labels(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"rose/b.png": 1, "a.png": 2}))
    assert found.class_names == ()
    assert contents(found) == [(2, None), (1, None)]
    assert found.notes == [
        "no labels: 1 of 2 images are outside the class folders, a.png; move each image "
        "into the "
        "folder of its class to get labels"
    ]


def test_an_image_outside_the_class_folders_is_left_out_and_noted(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"rose/b.png": 1, "iris/c.png": 2, "a.png": 3}))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(2, 0), (1, 1)]
    told = "left out 1 image outside the class folders, a.png: move images that you need "
    told += "into a class folder"
    assert found.notes == [told]


def test_files_that_are_not_images_are_skipped(tmp_path: Path) -> None:
    paint(
        tmp_path,
        {
            "rose/a.JPEG": 1,
            "rose/.hidden.png": 2,
            ".cache/a.png": 3,
            "__MACOSX/a.png": 4,
            "rose/Thumbs.db": 5,
            "readme.txt": 6,
        },
    )
    (tmp_path / "rose/LICENSE").write_text("free")
    found = source(tmp_path)
    assert found.class_names == ("rose",)
    assert contents(found) == [(1, 0)]
    assert found.notes == []


def test_files_without_a_suffix_are_recognized_by_content(tmp_path: Path) -> None:
    found = source(paint(tmp_path, {"rose/png": 1, "rose/2024.10": 2, "2024.10/x.png": 3}))
    assert found.class_names == ("2024.10", "rose")
    assert contents(found) == [(3, 0), (2, 1), (1, 1)]


def test_other_files_are_noted_by_suffix(tmp_path: Path) -> None:
    paint(tmp_path, {"rose/a.png": 1, "rose/b.psd": 2, "rose/c.PSD": 3, "rose/d.mp4": 4})
    assert source(tmp_path).notes == ["left out 3 files: 2 .psd, 1 .mp4"]
    (tmp_path / "rose/a.png").unlink()
    with pytest.raises(RequestError, match=r"no images in .*; left out 3 files: 2 \.psd, 1 \.mp4$"):
        source(tmp_path)


def test_run_folders_are_left_out_and_noted(tmp_path: Path) -> None:
    paint(tmp_path, {"a.png": 1, "b/c.png": 2, "runs/x-001/samples/step-1.png": 3})
    RunFolder.create(tmp_path / "run", {})
    (tmp_path / "runs/x-001/run.toml").touch()
    found = source(tmp_path)
    assert contents(found) == [(1, None), (2, None)]
    assert found.notes[0] == "left out 2 folders of runs and their files: run, runs/x-001"


@pytest.mark.parametrize("skip", [True, False])
def test_an_unreadable_subfolder_is_left_out_on_request(
    skip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path, {"rose/a.png": 1, "iris/b.png": 2, "tulip/c.png": 3})
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path == tmp_path / "rose":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    if skip:
        found = source(tmp_path, on_error="skip")
        assert found.class_names == ("iris", "tulip")
        assert found.notes == ["left out the folder rose/: Permission denied"]
    else:
        with pytest.raises(
            RequestError, match=r"rose/?: Permission denied; write dataset\.on_error=skip"
        ):
            source(tmp_path)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_an_unreadable_image_is_an_error_or_left_out_on_request(
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
        with pytest.raises(UnreadableImage, match=rf"{tmp_path}.{name}\.png: ") as caught:
            found[index]
        assert caught.value.skip == (on_error == "skip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    found = source(tmp_path)
    assert len(found.fingerprint) == 64
    with pytest.raises(UnreadableImage, match="it is not a regular file"):
        found[0]


def test_links_are_followed_without_cycles(tmp_path: Path) -> None:
    paint(tmp_path / "elsewhere", {"a.png": 1})
    paint(tmp_path / "images", {"rose/a.png": 2})
    (tmp_path / "images/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "images/rose/back").symlink_to(tmp_path / "images")
    (tmp_path / "images/rose/self").symlink_to(tmp_path / "images/rose/self")
    found = source(tmp_path / "images")
    assert found.class_names == ("linked", "rose")
    assert contents(found) == [(1, 0), (2, 1)]


def test_names_may_contain_any_bytes(tmp_path: Path) -> None:
    try:
        paint(tmp_path, {"caf\udce9/new\nline.png": 1, "sch\u00f6n/a b.png": 2})
    except OSError:
        pytest.skip("this file system keeps no such names")
    found = source(tmp_path)
    assert found.class_names == ("caf\\xe9", "sch\u00f6n")
    assert contents(found) == [(1, 0), (2, 1)]
    assert len(found.fingerprint) == 64


def test_the_fingerprint_depends_on_classes_names_and_content(tmp_path: Path) -> None:
    grays = {"rose/a.png": 1, "tulip/a.png": 2}
    first = source(paint(tmp_path / "first", grays)).fingerprint
    assert source(paint(tmp_path / "second", grays)).fingerprint == first
    others = [
        {"rose/a.png": 1, "tulip/a.png": 3},
        {"rose/a.png": 1, "iris/a.png": 2},
        {"rose/a.png": 1},
    ]
    found = {source(paint(tmp_path / str(i), o)).fingerprint for i, o in enumerate(others)}
    assert len({first, *found}) == 4


IMAGES = {"a.png": 1, "deep/b.png": 2, "deep/c.png": 3}


def table(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / name


@pytest.mark.parametrize(
    "text",
    [
        "a.png,rose\ndeep/b.png,iris\ndeep/c.png,rose\n",
        "\ufefffile name,class\r\n./a.png, rose \r\n\r\ndeep/c.png,rose\r\ndeep/b.png,iris",
        '"a.png","rose"\n"deep/b.png","iris"\n"deep/c.png","rose"\n"a.png","rose"\n',
        "file,address,Label\na.png,x,rose\ndeep/b.png,,iris\ndeep/c.png,y,rose\n",
    ],
)
def test_a_table_gives_the_labels(text: str, tmp_path: Path) -> None:
    found = source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(1, 1), (2, 0), (3, 1)]


def test_a_dataset_json_is_found_in_the_folder_or_given(tmp_path: Path) -> None:
    rows = {"labels": [[name, gray * 5] for name, gray in IMAGES.items()]}
    paint(tmp_path / "images", IMAGES)
    named = source(tmp_path / "images", labels=table(tmp_path, json.dumps(rows), "x.json"))
    table(tmp_path / "images", json.dumps(rows), "dataset.json")
    for found in (named, source(tmp_path / "images")):
        assert found.class_names == ("5", "10", "15")
        assert contents(found) == [(1, 0), (2, 1), (3, 2)]


def test_a_dataset_json_may_say_that_there_are_no_labels(tmp_path: Path) -> None:
    paint(tmp_path, {"00000/a.png": 1, "00001/b.png": 2})
    table(tmp_path, '{"labels": null}', "dataset.json")
    assert contents(source(tmp_path)) == [(1, None), (2, None)]


COLUMNS = "file,hue,round,red,note\na.png,0.5,1,0,x\nb/c.png,0.25,0,0,y\n"


def test_columns_of_a_table_are_values_or_classes(tmp_path: Path) -> None:
    where = paint(tmp_path / "images", {"a.png": 1, "b/c.png": 2})
    labels = table(tmp_path, COLUMNS)
    found = source(where, labels=labels, condition="hue,round=0..2")
    assert found.condition == Condition("vector", ("hue", "round"), ((0.25, 0.5), (0, 2)))
    assert contents(found) == [(1, [0.5, 1]), (2, [0.25, 0])]
    assert found.class_names == ()
    found = source(where, labels=labels, condition=["red", "round"])
    assert found.condition == Condition("classes", ("red", "round"))
    assert contents(found) == [(1, [0, 1]), (2, [0, 0])]


@pytest.mark.parametrize(
    ("text", "condition", "message"),
    [
        (COLUMNS, "tone", "labels.csv has no column tone, but hue, round, red, note: correct"),
        (COLUMNS, "note", "line 2 of .*labels.csv has note=x, which is not a number"),
        (COLUMNS, "hue=0..0.3", r"line 2 of .* has hue=0.5, which is not in 0..0.3: correct it"),
        (COLUMNS.replace("0.25", ""), "hue", "line 3 of .* has no hue: add it, or remove the"),
        (COLUMNS.replace("0.25", "nan"), "hue", "line 3 of .* has hue=nan, which is not a number"),
        (COLUMNS.replace("0.25", "0.5"), "hue", "hue is 0.5 in all images: leave it out"),
        ("a.png,1\nb/c.png,2\n", "hue", "has no column hue, but no headings"),
        (COLUMNS, "hue,hue", r"the names of a condition are \('hue', 'hue'\)"),
    ],
)
def test_columns_that_are_wrong_are_refused_with_the_line(
    text: str, condition: str, message: str, tmp_path: Path
) -> None:
    where = paint(tmp_path / "images", {"a.png": 1, "b/c.png": 2})
    with pytest.raises(RequestError, match=message) as refused:
        source(where, labels=table(tmp_path, text), condition=condition)
    assert "\n" not in str(refused.value)


def test_columns_need_a_table(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"write dataset.labels=FILE.csv"):
        source(paint(tmp_path, {"a.png": 1}), condition="hue")
    with pytest.raises(ValueError, match=r"write NAME, or NAME=LOW..HIGH"):
        ImageFolderOptions(condition="hue=1..0")


def test_a_dataset_json_may_contain_values(tmp_path: Path) -> None:
    rows = {"labels": [["a.png", [0.5, -1]], ["b.png", [1, 3]]]}
    table(paint(tmp_path, {"a.png": 1, "b.png": 2}), json.dumps(rows), "dataset.json")
    found = source(tmp_path, condition="hue,size=-5..5")
    assert found.condition == Condition("vector", ("hue", "size"), ((0.5, 1), (-5, 5)))
    assert contents(found) == [(1, [0.5, -1]), (2, [1, 3])]
    with pytest.raises(RequestError, match="but there are 1 names: give one name per column"):
        source(tmp_path, condition="hue")


def test_missing_rows_and_rows_without_an_image_are_counted(tmp_path: Path) -> None:
    def found(text: str) -> ImageFolder:
        return source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))

    part, more = (
        r"labels\.csv has labels for {} of 3 images",
        ", and 2 for images that do not exist, such as x",
    )
    with pytest.raises(
        RequestError, match=rf"{part.format(1)}: deep/b\.png has none; give every image a label"
    ):
        found("a.png,rose\n")
    with pytest.raises(
        RequestError,
        match=rf"{part.format(1)}{more}: deep/b\.png has none; give every image a label",
    ):
        found("a.png,rose\nx,rose\ny,iris\n")
    with pytest.warns(UserWarning, match=f"{part.format(3)}{more}$"):
        assert len(found("".join(f"{name},rose\n" for name in [*IMAGES, "x", "y"])))


def test_the_first_of_several_labels_counts(tmp_path: Path) -> None:
    text = "a.png,rose\n./a.png,iris\ndeep/b.png,iris\ndeep/c.png,rose\na.png,tulip\n"
    said = r"labels\.csv .*; ignored 2 further labels of an image, such as iris for a\.png$"
    with pytest.warns(UserWarning, match=said):
        found = source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(1, 1), (2, 0), (3, 1)]


def test_rows_without_a_label_are_ignored(tmp_path: Path) -> None:
    text = "a.png,\na.png,rose\nelsewhere.png,\ndeep/b.png,iris\ndeep/c.png,rose\na.png,\n"
    found = source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))
    assert contents(found) == [(1, 1), (2, 0), (3, 1)]


def test_images_without_a_label_are_refused_with_line_numbers(tmp_path: Path) -> None:
    def refusal(text: str) -> str:
        with pytest.raises(RequestError) as caught:
            source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))
        return str(caught.value)

    said = "labels.csv has image names without a class in lines "
    remedy = ": add the class there, or move these images out of the folder"
    text = "file,class\na.png,\ndeep/b.png,iris\ndeep/c.png,\n"
    assert refusal(text).endswith(f"{said}2, 4{remedy}")
    assert refusal("a.png,\n" * 12).endswith(
        f"{said}1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more{remedy}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.png,rose\ndeep/b.png\n", r"line 2 of .*labels\.csv is not of the form FILE NAME,CLASS"),
        ("a.png,rose,red\n", r"line 1 of .*labels\.csv is not of the form"),
        ("a.png,rose\n,rose\n", r"line 2 of .*labels\.csv is not of the form"),
        ('a.png,"rose\n', r"line 1 of .*labels\.csv is not of the form"),
        ("file,class\na.png,rose,red\n", r"line 2 of .*labels\.csv is not of the form"),
        ("file\na.png\n", "has no column with the heading label or class: rename one of file"),
        (
            "file,x,y\na.png,1,2\n",
            "has no column with the heading label or class: rename one of file, x, y",
        ),
        (b"a.png,ros\xe9\n", r"labels\.csv is not a text in UTF-8"),
        ("", r"labels\.csv has labels for 0 of 3 images: a\.png has none"),
    ],
)
def test_a_table_of_another_form_is_refused(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=message):
        source(paint(tmp_path, IMAGES), labels=table(tmp_path, text))


def test_a_dataset_json_of_another_form_is_refused_with_a_remedy(tmp_path: Path) -> None:
    table(paint(tmp_path, IMAGES), "[]", "dataset.json")
    with pytest.raises(
        RequestError, match=r"dataset\.json is not of the form .*: correct it, or rename it"
    ):
        source(tmp_path)


def test_a_table_that_is_missing_or_huge_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path, IMAGES)
    with pytest.raises(RequestError, match=r"there is no table of labels .*labels\.csv"):
        source(tmp_path, labels=tmp_path / "labels.csv")
    monkeypatch.setattr(tables, "_LARGEST", 10)
    with pytest.raises(RequestError, match=r"labels\.csv is larger than the limit of 10 bytes"):
        source(tmp_path, labels=table(tmp_path, "a.png,rose\n"))


def test_the_fingerprint_includes_the_table(tmp_path: Path) -> None:
    paint(tmp_path, {"a.png": 1})
    plain = source(tmp_path).fingerprint
    tabled = [
        source(tmp_path, labels=table(tmp_path, f"a.png,{kind}\n")).fingerprint
        for kind in ("rose", "irises")
    ]
    assert len({plain, *tabled}) == 3
    renamed = table(tmp_path, "a.png,irises\n", "other.csv")
    assert source(tmp_path, labels=renamed).fingerprint == tabled[1]


def test_a_folder_without_a_path_or_images_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/readme.txt").touch()
    for path, message in {
        None: r"write dataset\.path=FOLDER",
        tmp_path / "missing": r"the folder .*missing: No such file .*dataset\.path",
        tmp_path / "file": r"the folder .*file: Not a directory.*dataset\.path",
        tmp_path / "empty": r"no images in .*empty or its subfolders.*\*\.jpg",
        tmp_path / "texts": r"no images in .*texts or its subfolders.*\*\.jpg",
    }.items():
        with pytest.raises(RequestError, match=message) as caught:
            source(path)
        assert "\n" not in str(caught.value)


def test_the_component_builds_the_dataset(tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    paint(tmp_path, {"a.png": 1})
    options = component.options.model_validate({"path": str(tmp_path)})
    assert len(component.build(options)) == 1


def test_images_of_more_than_8_bits_are_read_in_their_range(tmp_path: Path) -> None:
    for name, value in {"a": 0, "b": 2048, "c": 4095}.items():
        Image.new("I;16", (4, 4), value).save(tmp_path / f"{name}.png")
    found, asked = source(tmp_path), source(tmp_path, range="0..8190")
    assert contents(found) == [(0, None), (128, None), (255, None)]
    assert contents(asked) == [(0, None), (64, None), (128, None)]
    assert found.notes[0].startswith(
        "pixels that are whole numbers of more than 8 bits are read in the range 0..4095"
    )
    assert asked.notes == []
    assert found.fingerprint != asked.fingerprint

from __future__ import annotations

import re
from typing import Any

import pytest

from ganzoo import (
    Condition,
    RequestError,
    condition_by_table,
    images_in_class_folders,
    labels_by_folder,
    parse_dataset_json,
)
from ganzoo.data import layout


def listed(found: Any) -> tuple[list[int] | None, tuple[str, ...]]:
    labels, names = found
    names = names.class_names if isinstance(names, Condition) else names
    return None if labels is None else labels.tolist(), names


def test_the_first_folder_is_the_class_if_all_images_have_one() -> None:
    names = ["rose/a/b.png", "iris/a.png", "rose/c.png"]
    assert listed(labels_by_folder(names)) == ([1, 0, 1], ("iris", "rose"))
    assert listed(labels_by_folder([*names, "d.png"])) == (None, ())


def test_the_first_label_of_an_image_counts_and_others_are_reported() -> None:
    rows = [("./a.png", "rose"), ("b.png", "iris"), ("a.png", "rose")]
    assert listed(condition_by_table(rows, ["a.png", "b.png"], "x")) == ([1, 0], ("iris", "rose"))
    others = [("a.png", "iris"), ("b.png", "rose"), ("c.png", "rose")]
    said = (
        "x has labels for 2 of 2 images, and 1 for images that do not exist, such as c.png; "
        "ignored 2 further labels of an image, such as iris for a.png"
    )
    with pytest.warns(UserWarning, match=f"^{said}$") as caught:
        found = listed(condition_by_table(rows + others, ["a.png", "b.png"], "x"))
    assert found == ([1, 0], ("iris", "rose"))
    assert len(caught) == 1


def test_an_image_without_a_label_is_refused() -> None:
    with pytest.raises(
        RequestError,
        match=r"^x has labels for 1 of 2 images: b\.png has none; give every image a label",
    ):
        condition_by_table([("a.png", 1)], ["a.png", "b.png"], "x")


def test_a_dataset_json_contains_labels_or_null() -> None:
    assert parse_dataset_json(b'{"labels": [["a.png", 3]]}', "x") == [("a.png", 3)]
    assert parse_dataset_json(b'{"labels": null}', "x") is None


def test_a_dataset_json_may_contain_several_classes_or_values() -> None:
    rows = parse_dataset_json(b'{"labels": [["a.png", [0, 1]], ["b.png", [1, 1]]]}', "x")
    assert rows == [("a.png", (0, 1)), ("b.png", (1, 1))]
    values, condition = condition_by_table(rows, ["b.png", "a.png"], "x")
    assert values.tolist() == [[1, 1], [0, 1]]
    assert condition == Condition("classes", ("0", "1"))
    rows = parse_dataset_json(b'{"labels": [["a.png", [0.5, 1]], ["b.png", [1, -1]]]}', "x")
    assert rows is not None
    values, condition = condition_by_table(rows, ["b.png", "a.png"], "x", ("hue", "size"))
    assert values.tolist() == [[1, -1], [0.5, 1]]
    assert condition == Condition("vector", ("hue", "size"), ((0.5, 1), (-1, 1)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"labels": 3}',
        b'{"labels": [["a.png"]]}',
        b'{"labels": [["a.png", []]]}',
        b'{"labels": [["a.png", [0, true]]]}',
        b'{"labels": [["a.png", [0, 1]], ["b.png", 1]]}',
        b'{"labels": [["a.png", [0, 1]], ["b.png", [1]]]}',
        b'{"labels": [["a.png", true]]}',
        b'{"labels": [[["a.png"], 1]]}',
        b"[" * 100_000,
    ],
)
def test_a_dataset_json_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(
        RequestError, match=r"^x is not of the form .*: correct it, or rename it"
    ) as found:
        parse_dataset_json(content, "x")
    assert "\n" not in str(found.value)


def test_a_huge_dataset_json_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_MAX_BYTES", 10)
    with pytest.raises(RequestError, match="x has 16 bytes; the limit is 10"):
        parse_dataset_json(b'{"labels": null}', "x")


@pytest.mark.parametrize(
    ("names", "rooted", "kept", "told"),
    [
        (["a/1", "b/1", "x"], False, 2, "left out 1 image outside the class folders, x: "),
        (["a/1", "b/1", "b/2", "x", "y"], False, 3, "left out 2 images outside .*, such as x: "),
        (["r/a/1", "r/b/1", "r/b/2", "r/x", "y"], True, 3, "left out 2 images .*, such as r/x: "),
        (["a/1", "b/1", "x", "y"], False, 4, "no labels: 2 of 4 images .*, such as x; move each"),
        (
            ["a/1", "a/2", "x"],
            False,
            3,
            "no labels: 1 of 3 images are outside .* folders, x; ",
        ),
        (["a/1", "a/2"], False, 2, None),
        (["r/x", "r/a/1"], True, 2, None),
        (["x", "y"], True, 2, None),
    ],
)
def test_few_images_outside_class_folders_are_left_out_and_many_remove_labels(
    names: list[str], rooted: bool, kept: int, told: str | None
) -> None:
    found, notes = images_in_class_folders(names, ignore_common_folder=rooted)
    assert len(found) == kept
    assert len(notes) == (told is not None)
    assert all(re.match(str(told), note) for note in notes)


def test_a_table_may_have_backslashes() -> None:
    labels, _ = condition_by_table(
        [("a\\x.png", "rose"), ("b\\c.png", "iris")], ["a/x.png", "b\\c.png"], "x"
    )
    assert labels is not None
    assert labels.tolist() == [1, 0]

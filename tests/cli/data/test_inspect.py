from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

Ganzoo = Callable[..., Any]


def draw(seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Many roses, few tulips, a duplicate, an unreadable file."""
    folder = tmp_path / "pics"
    for number in range(12):
        path = folder / f"{'tulip' if number == 11 else 'rose'}/{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(number).save(path)
    draw(0).save(folder / "rose/again.png")
    (folder / "tulip/page.jpg").write_text("<html>")
    return folder


def inspected(ganzoo_command: Ganzoo, *arguments: object) -> str:
    done = ganzoo_command("data", "inspect", *arguments)
    assert done.status == 0, done.err
    return str(done.out)


def test_the_report_tells_what_is_there_and_what_suits(
    ganzoo_command: Ganzoo, images: Path
) -> None:
    told = inspected(ganzoo_command, "image-folder", f"dataset.path={images}")
    assert told.startswith("image-folder: 14 images\n")
    for line in (
        "40 x 30 (13)",
        "RGB (13)",
        "classes (2):\n  rose   12\n  tulip  1   few\n",
        "cannot be read (1):\n",
        "page.jpg: it is not a JPEG",
        "have the same pixels (1):\n",
        "prepared at 64 x 64 x 3, data.fit=crop:\n  25.0% cut off on average, 25.0% at most\n",
        "13 enlarged",
        "not prepared yet",
        "settings that suit:\n  data.resolution=32 ",
        "  --augment flip ",
        "  --augment shift augment.shift.apply_to=all ",
        "  architecture.conditional=true ",
        "  data.balance=true ",
        "  dataset.on_error=skip ",
    ):
        assert line in told, line
    assert "dataset.on_error=skip leaves" not in told


def test_what_is_suggested_is_understood_by_train(ganzoo_command: Ganzoo, images: Path) -> None:
    told = inspected(ganzoo_command, "image-folder", f"dataset.path={images}", "--json")
    suitable = [word for setting in json.loads(told)["suitable"] for word in setting.split()]
    assert len(suitable) > 8
    run = ("train", "image-folder", "dcgan", "hinge", f"dataset.path={images}", "--dry-run")
    done = ganzoo_command(*run, *suitable)
    assert done.status == 0, done.err


def test_json_tells_everything(ganzoo_command: Ganzoo, images: Path) -> None:
    done = ganzoo_command("data", "inspect", "image-folder", f"dataset.path={images}", "--json")
    told = json.loads(done.out)
    assert done.err == "looking at 14 images\n"
    assert told["dataset"] == "image-folder/image-folder"
    assert told["data"]["resolution"] == 64
    assert (told["images"], told["readable"]) == (14, 13)
    assert told["classes"] == {"rose": 12, "tulip": 1}
    assert told["preparation"]["done"] is False
    assert len(told["same"]) == 1
    assert told["near"] == []


def test_long_lists_are_cut_in_text_and_whole_in_json(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    for number in range(25):
        (tmp_path / f"pics/{number:02}.png").touch()
    told = inspected(ganzoo_command, "image-folder", "dataset.path=pics")
    assert told.count("it is empty") == 20
    assert "\n  and 5 more, which --json names\n" in told
    told = inspected(ganzoo_command, "image-folder", "dataset.path=pics", "--json")
    assert len(json.loads(told)["unreadable"]) == 25


def test_a_sheet_is_drawn(ganzoo_command: Ganzoo, images: Path, tmp_path: Path) -> None:
    inspected(ganzoo_command, "image-folder", f"dataset.path={images}", "--out", "new/sheet.png")
    with Image.open(tmp_path / "new/sheet.png") as sheet:
        assert sheet.size == (1120, 4 * 158)


@pytest.mark.parametrize("dataset", ["blossoms", "image-folder"])
def test_settings_are_those_of_train(dataset: str, ganzoo_command: Ganzoo, images: Path) -> None:
    options = {"blossoms": "dataset.count=30", "image-folder": f"dataset.path={images}"}
    words = (f"dataset={dataset}", options[dataset], "data.resolution=24x16", "data.fit=pad")
    told = inspected(ganzoo_command, *words, "--limit", 7)
    assert "7 of them looked at\n" in told
    assert "prepared at 24 x 16 x 3, data.fit=pad:" in told
    told = inspected(ganzoo_command, *words, "data.channels=1", "--json")
    assert json.loads(told)["preparation"]["shape"] == [1, 16, 24]


def test_recommendations_and_recipes_count(ganzoo_command: Ganzoo) -> None:
    told = inspected(ganzoo_command, "blossoms", "dataset.count=5", "--json")
    assert json.loads(told)["data"]["resolution"] == 32
    (recipe,) = json.loads(ganzoo_command("info", "flower-gan", "--json").out)
    wanted = {**recipe["settings"]["data"], "background": "white"}
    words = (
        "--recipe",
        "flower-gan",
        "dataset=blossoms",
        "dataset.count=5",
        "data.background=white",
    )
    told = json.loads(inspected(ganzoo_command, *words, "--json"))
    assert told["dataset"] == "blossoms/blossoms"
    assert wanted.items() <= told["data"].items()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "expected one dataset, not none"),
        (("dataset.count=5",), "expected one dataset, not none"),
        (("blossoms", "mnist"), "expected one dataset, not blossoms mnist"),
        (("blosoms",), "there is no dataset called blosoms; did you mean blossoms?"),
        (("blossoms", "dataset.coun=3"), "there is no setting dataset.coun; did you mean"),
        (("blossoms", "dataset.count=0"), "dataset.count=0: input should be greater"),
        (("blossoms", "data.resolution=3"), "data.resolution=3: "),
        (("blossoms", "data.fitt=pad"), "there is no setting data.fitt; did you mean data.fit"),
        (("blossoms", "train.steps=5"), "train.steps is not about images"),
        (("blossoms", "--out", "sheet"), "sheet: name one image file, such as sheet.png"),
        (("blossoms", "--out", "sheet.txt"), "sheet.txt: images are written as .png"),
        (("blossoms", "--out", "there.png"), "there.png exists already"),
        (("blossoms", "--recipe", "nothing"), "there is no recipe called nothing"),
        (("image-folder", "dataset.path=nowhere"), "cannot read the folder"),
        (("blossoms", "dataset.count=2", "data.classes=rose"), "there is no class rose"),
        (("blossoms", "dataset.count=2", "data.channels=7"), "data.channels=7"),
    ],
)
def test_a_wrong_request_gets_one_line(
    words: tuple[str, ...], message: str, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "there.png").touch()
    assert message in ganzoo_command("data", "inspect", *words).error


def test_chosen_classes_are_what_the_report_is_about(ganzoo_command: Ganzoo, images: Path) -> None:
    words = ("image-folder", f"dataset.path={images}", "data.classes=tulip")
    (images / "tulip/page.jpg").unlink()
    told = inspected(ganzoo_command, *words, "--out", "tulips.png")
    assert told.startswith("image-folder: 1 images\n")
    assert "classes (1):\n  tulip  1\n" in told
    assert "in the cache for the 13 images of all classes, not prepared yet" in told
    with Image.open("tulips.png") as sheet:
        assert sheet.size == (1120, 158), "one row"


def test_an_hdf5_file_with_a_fault_is_told_of(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((90, 8, 8, 3)).astype(np.float32)
    images[70, 2, 2] = np.nan
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["labels"] = images, [0] * 80 + [1] * 10
    words = ("hdf5", "dataset.path=a.h5", "dataset.range=0..1")
    told = inspected(ganzoo_command, *words)
    assert told.startswith("hdf5: 90 images\n")
    assert "cannot be read (1):\n  number 70: " in told
    assert "(NaN or infinity)" in told
    assert "  1  10  few" in told
    assert "data.balance" not in told, "train refuses it"


def test_help_has_an_example(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo data inspect image-folder" in ganzoo_command("data", "inspect", "--help").out

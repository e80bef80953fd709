from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo


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


def test_the_report_has_facts_and_suggested_settings(ganzoo_command: Ganzoo, images: Path) -> None:
    reported = inspected(ganzoo_command, "image-folder", f"dataset.path={images}")
    assert reported.startswith("image-folder: 14 images\n")
    for line in (
        "40 x 30 (13)",
        "RGB (13)",
        "classes (2):\n  rose   12\n  tulip  1   few\n",
        "cannot be read (1):\n",
        "page.jpg: it is not a JPEG",
        "images with the same pixels (1):\n",
        "preparation to 64 x 64 x 3, data.fit=crop:\n  25.0% cropped on average, 25.0% at most\n",
        "13 images enlarged",
        "not prepared yet",
        "suggested settings:\n  data.resolution=32 ",
        "  --augment flip ",
        "  --augment diffaugment ",
        "  data.conditional=true ",
        "  data.balance=true ",
        "  dataset.on_error=skip ",
    ):
        assert line in reported, line
    assert "dataset.on_error=skip leaves" not in reported


def test_suggested_settings_are_accepted_by_train(ganzoo_command: Ganzoo, images: Path) -> None:
    reported = inspected(ganzoo_command, "image-folder", f"dataset.path={images}", "--json")
    suitable = [word for setting in json.loads(reported)["suitable"] for word in setting.split()]
    assert "diffaugment" in suitable
    run = ("train", "image-folder", "dcgan", "hinge", f"dataset.path={images}", "--dry-run")
    done = ganzoo_command(*run, *suitable)
    assert done.status == 0, done.err


def test_json_has_the_whole_report(ganzoo_command: Ganzoo, images: Path) -> None:
    done = ganzoo_command("data", "inspect", "image-folder", f"dataset.path={images}", "--json")
    reported = json.loads(done.out)
    assert done.err == "inspecting 14 images\n"
    assert reported["dataset"] == "image-folder/image-folder"
    assert reported["data"]["resolution"] == 64
    assert (reported["images"], reported["readable"]) == (14, 13)
    assert reported["classes"] == {"rose": 12, "tulip": 1}
    assert reported["preparation"]["done"] is False
    assert len(reported["same"]) == 1
    assert reported["near"] == []


def test_long_lists_are_shortened_in_text_and_complete_in_json(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    for number in range(25):
        (tmp_path / f"pics/{number:02}.png").touch()
    reported = inspected(ganzoo_command, "image-folder", "dataset.path=pics")
    assert reported.count("it is empty") == 20
    assert "\n  and 5 more; --json lists all\n" in reported
    reported = inspected(ganzoo_command, "image-folder", "dataset.path=pics", "--json")
    assert len(json.loads(reported)["unreadable"]) == 25


def test_out_writes_a_preview(ganzoo_command: Ganzoo, images: Path, tmp_path: Path) -> None:
    inspected(ganzoo_command, "image-folder", f"dataset.path={images}", "--out", "new/sheet.png")
    with Image.open(tmp_path / "new/sheet.png") as sheet:
        assert sheet.size == (1120, 4 * 158)


def test_inspect_opens_a_path(ganzoo_command: Ganzoo, images: Path) -> None:
    by_name = inspected(ganzoo_command, "image-folder", f"dataset.path={images}")
    assert inspected(ganzoo_command, images) == by_name


@pytest.mark.parametrize("dataset", ["blossoms", "image-folder"])
def test_inspect_takes_the_settings_of_train(
    dataset: str, ganzoo_command: Ganzoo, images: Path
) -> None:
    options = {"blossoms": "dataset.count=30", "image-folder": f"dataset.path={images}"}
    words = (f"dataset={dataset}", options[dataset], "data.resolution=24x16", "data.fit=pad")
    reported = inspected(ganzoo_command, *words, "--limit", 7)
    assert "7 of them inspected\n" in reported
    assert "preparation to 24 x 16 x 3, data.fit=pad:" in reported
    reported = inspected(ganzoo_command, *words, "data.channels=1", "--json")
    assert json.loads(reported)["preparation"]["shape"] == [1, 16, 24]


def test_inspect_uses_recommendations_and_recipes(ganzoo_command: Ganzoo) -> None:
    reported = inspected(ganzoo_command, "blossoms", "dataset.count=5", "--json")
    assert json.loads(reported)["data"]["resolution"] == 32
    (recipe,) = json.loads(ganzoo_command("info", "flower-gan", "--json").out)
    wanted = {**recipe["settings"]["data"], "background": "white"}
    words = (
        "--recipe",
        "flower-gan",
        "dataset=blossoms",
        "dataset.count=5",
        "data.background=white",
    )
    reported = json.loads(inspected(ganzoo_command, *words, "--json"))
    assert reported["dataset"] == "blossoms/blossoms"
    assert wanted.items() <= reported["data"].items()


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
        (("blossoms", "train.steps=5"), "train.steps does not affect the dataset"),
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


def test_the_report_is_about_the_chosen_classes(ganzoo_command: Ganzoo, images: Path) -> None:
    words = ("image-folder", f"dataset.path={images}", "data.classes=tulip")
    (images / "tulip/page.jpg").unlink()
    reported = inspected(ganzoo_command, *words, "--out", "tulips.png")
    assert reported.startswith("image-folder: 1 images\n")
    assert "classes (1):\n  tulip  1\n" in reported
    assert "in the cache for the 13 images of all classes, not prepared yet" in reported
    with Image.open("tulips.png") as sheet:
        assert sheet.size == (1120, 158), "one row"


def test_a_damaged_hdf5_file_is_reported(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((90, 8, 8, 3)).astype(np.float32)
    images[70, 2, 2] = np.nan
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["labels"] = images, [0] * 80 + [1] * 10
    words = ("hdf5", "dataset.path=a.h5", "dataset.range=0..1")
    reported = inspected(ganzoo_command, *words)
    assert reported.startswith("hdf5: 90 images\n")
    assert "cannot be read (1):\n  number 70: " in reported
    assert "(NaN or infinity)" in reported
    assert "  1  10  few" in reported
    assert "data.balance" not in reported, "train refuses it"


def test_help_has_an_example(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo data inspect image-folder" in ganzoo_command("data", "inspect", "--help").out

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Two images."""
    for name, color in (("red.png", "red"), ("blue.jpg", "blue")):
        Image.new("RGB", (30, 20), color).save(tmp_path / name)
    return ["red.png", "blue.jpg"]


def test_each_row_has_an_image_and_its_projection(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    project = ("project", "run", *given, "--steps", 3)
    done = ganzoo_command(*project, "--out", "new/a.png", "--latents", "new/z.npy")
    assert done.status == 0, done.err
    assert done.err == "projecting in 6 steps\n"
    head, *rows, last = done.out.splitlines()
    assert head.split() == ["image", "distance", "random", "length"]
    assert [row.split()[0] for row in rows] == given
    assert last.startswith("new/a.png: 2 x 3 steps in ")
    assert np.load(tmp_path / "new" / "z.npy").shape == (2, 4)
    with Image.open(tmp_path / "new" / "a.png") as sheet:
        assert sheet.size == (2 * (128 + 8), 2 * (128 + 4) + 4)
        assert sheet.getpixel((60, 60)) == (255, 0, 0)
        assert sheet.getpixel((60, 190)) == (0, 0, 254)
    ganzoo_command(*project, "--out", "b.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "new" / "a.png").read_bytes()


def test_the_class_of_a_projection_is_in_the_json(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str]
) -> None:
    tiny_run("run", "data.conditional=true")
    project = ("project", "run", *given, "--steps", 2, "--json")
    reported = json.loads(ganzoo_command(*project, "--class", "4 petals", "--out", "a.png").out)
    assert [(row["image"], row["condition"]) for row in reported] == [
        (g, "4 petals") for g in given
    ]
    assert all(row["distance"] > 0 for row in reported)


def test_wrong_requests_get_one_line(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    for arguments, reason in (
        (("red.png", "nowhere.png", "--out", "a.png"), "cannot read the image nowhere.png"),
        (("run/run.toml", "--out", "a.png"), "it is not a JPEG"),
        (("red.png", "--out", "a"), "name one image file, such as a.png"),
        (("red.png", "--out", "blue.jpg"), "blue.jpg exists already"),
        (("red.png", "--out", "a.png", "--latents", "z.txt"), "ends in .npy"),
        (("red.png", "--out", "a.png", "--steps", 0), "--steps"),
        (("red.png", "--out", "a.png", "--class", "3 petals"), "trained without conditions"),
        (("red.png", "--out", "a.png", "--checkpoint", "77"), "77"),
        (("--out", "a.png"), "IMAGE"),
    ):
        assert reason in ganzoo_command("project", "run", *arguments).error
    assert not (tmp_path / "a.png").exists()


def test_help_has_its_examples(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo project RUN photo.jpg --out" in ganzoo_command("project", "--help").out

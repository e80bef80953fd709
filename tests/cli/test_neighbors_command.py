from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo

SHOWN = ("neighbors", "run", "extractor=random", "--count", 2)


@pytest.fixture
def photographs(tmp_path: Path, tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> Path:
    """The images of a run."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(6):
        Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(folder / f"{number}.png")
    done = ganzoo_command(
        *("train", "image-folder", "dcgan", "hinge", f"dataset.path={folder}", "--run-dir", "run"),
        *("--resolution", 8, "--steps", 1, "--batch-size", 4, "sample.count=4"),
        *("architecture.base_channels=2", "architecture.latent_dim=4", "--device", "cpu"),
    )
    assert done.status == 0, done.err
    return folder


def test_each_row_has_an_image_and_its_neighbors(
    photographs: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = ganzoo_command(*SHOWN, "--neighbors", 3, "--out", "new/a.png")
    assert done.status == 0, done.err
    head, *rows, last = done.out.splitlines()
    assert head.split() == [
        "generated",
        "neighbor",
        "distance",
        "real",
        "to",
        "real",
        "real",
        "image",
    ]
    assert [row.split()[:2] for row in rows] == [
        [str(i), str(k)] for i in (0, 1) for k in (1, 2, 3)
    ]
    assert all(row.split()[-1] in {f"{number}.png" for number in range(6)} for row in rows)
    assert last == "new/a.png: 2 generated images, compared with 6 real images by features"
    with Image.open(tmp_path / "new" / "a.png") as sheet:
        assert sheet.size == (4 * (128 + 4) + 2 * 4, 2 * (128 + 4) + 4)


def test_neighbors_are_printed_as_json(photographs: Path, ganzoo_command: Ganzoo) -> None:
    done = ganzoo_command(*SHOWN, "--by", "pixels", "--json", "--out", "a.png")
    reported = json.loads(done.out)
    assert [len(row) for row in reported] == [5, 5]
    for row in reported:
        distances = [each["distance"] for each in row]
        assert distances == sorted(distances)
        assert {each["name"] for each in row} <= {f"{number}.png" for number in range(6)}
    # Images of one red value each, 40 apart.
    assert reported[0][0]["among_real"] == pytest.approx(40 / 3**0.5, rel=1e-4)


def test_the_error_tells_how_to_give_a_new_dataset_path(
    photographs: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    photographs.rename(tmp_path / "elsewhere")
    assert "photographs" in ganzoo_command(*SHOWN, "--out", "a.png").error
    moved = f"dataset.path={tmp_path / 'elsewhere'}"
    assert ganzoo_command(*SHOWN, moved, "--out", "a.png").status == 0


def test_neighbors_refuses_a_changed_dataset(photographs: Path, ganzoo_command: Ganzoo) -> None:
    shutil.copy(photographs / "0.png", photographs / "6.png")
    done = ganzoo_command(*SHOWN, "--out", "a.png")
    assert (done.status, done.out) == (2, "")
    assert "trained on other images, 6 (" in done.err.splitlines()[-1]


def test_wrong_requests_get_one_line(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_run()
    for arguments, reason in (
        (("--out", "a"), "name one image file"),
        (("--out", "a.png", "--by", "smell"), "--by"),
        (("--out", "a.png", "--neighbors", 0), "--neighbors"),
        (("--out", "a.png", "--class", "rose"), "trained without conditions"),
    ):
        assert reason in ganzoo_command(*SHOWN, *arguments).error


def test_help_has_its_examples(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo neighbors RUN --out" in ganzoo_command("neighbors", "--help").out

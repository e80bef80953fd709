from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo


def test_a_file_gets_one_grid(tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    tiny_run()
    done = ganzoo_command("generate", "run", "--count", 9, "--out", "new/grid.png")
    assert (done.status, done.out) == (0, "new/grid.png\n")
    with Image.open(tmp_path / "new" / "grid.png") as image:
        assert image.size == (32, 32)


def test_a_folder_gets_single_images(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    ganzoo_command("generate", "run", "--count", 3, "--seed", 7, "--out", "new")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["seed7-00000.png", "seed7-00001.png", "seed7-00002.png"]


def test_generate_can_make_images_of_one_class(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_run("run", "data.conditional=true")
    assert ganzoo_command("generate", "run", "--class", "3 petals", "--out", "a.png").status == 0
    refused = ganzoo_command("generate", "run", "--class", "9 petals", "--out", "b.png").error
    assert "no class called 9 petals; did you mean" in refused


def test_generate_can_make_images_with_values(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "data.conditional=true", "dataset.condition=vector")
    ganzoo_command("generate", "run", "--condition", "hue=0.1", "--out", "a.png")
    ganzoo_command("generate", "run", "--condition", "hue=0.9", "--out", "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    rows = ganzoo_command("generate", "run", "--each-class", "--out", "rows.png").err
    assert "rows: petals 3 ... 8, hue 0 ... 1, size 0.3 ... 0.46" in rows
    for condition, message in (
        ("hue=7", "hue=7, which is not in 0 to 1"),
        ("tone=1", "there is no value called tone; there are petals, hue, size"),
    ):
        arguments = ("generate", "run", "--condition", condition, "--out", "c.png")
        assert message in ganzoo_command(*arguments).error
    both = ("--each-class", "--condition", "hue=1", "--out", "c.png")
    assert "remove --condition" in ganzoo_command("generate", "run", *both).error
    walk = ("animate", "run", "--walk", 2, "--condition", "hue=7", "--out", "a.gif")
    assert "hue=7, which is not in 0 to 1" in ganzoo_command(*walk).error


def test_a_class_of_a_run_without_labels_is_refused(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run()
    refused = ganzoo_command("generate", "run", "--class", "3 petals", "--out", "a.png").error
    assert "data.conditional=true" in refused


def test_generate_does_not_overwrite_files(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    (tmp_path / "a.png").write_text("mine")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine.txt").touch()
    for out in ("a.png", "new"):
        assert "exists already" in ganzoo_command("generate", "run", "--out", out).error
    assert (tmp_path / "a.png").read_text() == "mine"


def test_wrong_generate_arguments_are_one_line_errors(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run()
    for arguments in (
        ("generate", "run", "--out", "a.xyz"),
        ("generate", "run", "--out", "a.psd"),
        ("generate", "run", "--out", "a.png", "--count", 0),
        ("generate", "run", "--out", "a.png", "--device", "toaster"),
        ("generate", "nowhere", "--out", "a.png"),
        ("generate", "run"),
    ):
        assert ganzoo_command(*arguments).error


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "run", "--out", "a.png"),
        ("evaluate", "run"),
        ("neighbors", "run", "--out", "a.png"),
        ("report", "run", "--out", "a.html"),
    ],
)
def test_an_unknown_device_is_reported_with_the_known_ones(
    command: tuple[str, ...], tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    refused = ganzoo_command(*command, "--device", "gpu").error
    assert "device gpu: write cpu, cuda, cuda:N or mps" in refused
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("a.")] == []


def test_each_class_gets_a_row_of_the_same_latents(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "data.conditional=true")
    done = ganzoo_command("generate", "run", "--each-class", "--count", 3, "--out", "a.png")
    assert (done.status, done.out) == (0, "a.png\n")
    assert done.err == f"rows: {', '.join(f'{n} petals' for n in range(3, 9))}\n"
    ganzoo_command("generate", "run", "--class", "4 petals", "--count", 3, "--out", "row")
    with Image.open(tmp_path / "a.png") as grid:
        margin = grid.width - (3 * 10 + 2)
        assert margin > 30  # has a class name of eight letters
        height = grid.height // 6
        for number in range(3):
            left, top = margin + 2 + 10 * number, height + 2
            cell = grid.crop((left, top, left + 8, top + 8))
            with Image.open(tmp_path / "row" / f"seed0-0000{number}.png") as single:
                assert cell.tobytes() == single.tobytes()


def test_truncation_changes_images_unless_it_is_1(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    for name, more in (("a", ()), ("b", ("--truncation", 1)), ("c", ("--truncation", 0.5))):
        ganzoo_command("generate", "run", "--out", f"{name}.png", *more)
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_each_class_with_class_is_refused(tiny_run: Ganzoo, ganzoo_command: Ganzoo) -> None:
    tiny_run()
    for more, reason in (
        (("--each-class", "--out", "a.png"), "trained without conditions"),
        (("--each-class", "--class", "3 petals", "--out", "a.png"), "remove --class"),
        (("--each-class", "--out", "a"), "name one image file"),
        (("--truncation", 0, "--out", "a.png"), "above 0 and at most 1"),
        (("--checkpoint", 77, "--out", "a.png"), "77"),
    ):
        assert reason in ganzoo_command("generate", "run", *more).error

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo.output.saved_latents import SavedLatents
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
    done = ganzoo_command(*project, "--out", "new/a.png")
    assert done.status == 0, done.err
    assert done.err == "projecting in 12 steps\n"
    head, *rows, last = done.out.splitlines()
    assert head.split() == ["image", "distance", "random", "length"]
    assert [row.split()[0] for row in rows] == [*given, "(generated)", "(noise)"]
    assert last.startswith("new/a.png: 4 x 3 steps by pixels in ")
    with Image.open(tmp_path / "new" / "a.png") as sheet:
        assert sheet.size == (2 * (128 + 8), 2 * (128 + 4) + 4)
        assert sheet.getpixel((60, 60)) == (255, 0, 0)
        assert sheet.getpixel((60, 190)) == (0, 0, 254)
    alone = ganzoo_command(*project, "--no-references", "--out", "b.png")
    assert [row.split()[0] for row in alone.out.splitlines()[1:-1]] == given
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "new" / "a.png").read_bytes()


def test_the_class_of_a_projection_is_in_the_json(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str]
) -> None:
    tiny_run("run", "data.conditional=true")
    project = ("project", "run", *given, "--steps", 2, "--json")
    reported = json.loads(ganzoo_command(*project, "--class", "4 petals", "--out", "a.png").out)
    names = [*given, "(generated)", "(noise)"]
    assert [(row["image"], row["condition"]) for row in reported] == [
        (n, "4 petals") for n in names
    ]
    assert all(row["distance"] > 0 for row in reported)


def test_wrong_requests_get_one_line(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    (tmp_path / "v.gif").touch()
    for arguments, reason in (
        (("red.png", "nowhere.png", "--out", "a.png"), "cannot read the image nowhere.png"),
        (("run/run.toml", "--out", "a.png"), "it is not a JPEG"),
        (("red.png", "--out", "a"), "name one image file, such as a.png"),
        (("red.png", "--out", "blue.jpg"), "blue.jpg exists already"),
        (("red.png", "--out", "red.png", "--force"), "red.png is also what is read"),
        (("red.png", "--out", "a.png", "--latents", "z.npy"), "ends in .safetensors"),
        (("red.png", "--out", "a.png", "--video", "v.avi"), "ends in .gif"),
        (("red.png", "--out", "a.png", "--video", "v.gif"), "name another with --video"),
        (("red.png", "--out", "a.webp", "--video", "a.webp"), "a.webp is named twice"),
        (("red.png", "--out", "a.png", "--starts", 0), "--starts"),
        (("red.png", "--out", "a.png", "--extractor", "random"), "--distance features"),
        (
            ("red.png", "--out", "a.png", "--distance", "features", "--extractor", "randm"),
            "did you mean random",
        ),
        (("red.png", "--out", "a.png", "--steps", 0), "--steps"),
        (("red.png", "--out", "a.png", "--class", "3 petals"), "trained without conditions"),
        (("red.png", "--out", "a.png", "--checkpoint", "77"), "77"),
        (("--out", "a.png"), "IMAGE"),
    ):
        assert reason in ganzoo_command("project", "run", *arguments).error
    assert not (tmp_path / "a.png").exists()


def test_help_has_its_examples(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo project RUN photo.jpg --out" in ganzoo_command("project", "--help").out


def test_saved_latents_generate_the_projections_and_a_walk_between_them(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    for name, files in (("both", given), ("one", given[:1]), ("two", given[1:])):
        project = ("project", "run", *files, "--steps", 3, "--no-references")
        done = ganzoo_command(*project, "--out", f"{name}.png", "--latents", f"{name}.safetensors")
        assert done.status == 0, done.err
    generate = ("generate", "run", "--latents", "both.safetensors")
    assert ganzoo_command(*generate, "--out", "found/").status == 0
    with Image.open(tmp_path / "both.png") as sheet:
        for number in range(2):
            found = tmp_path / "found" / f"latents-{number:05}.png"
            with Image.open(found) as image:
                assert sheet.getpixel((142, 6 + number * 132)) == image.getpixel((0, 0))
    between = ("animate", "run", "--frames", 3, "--between", "one.safetensors")
    assert ganzoo_command(*between, "two.safetensors", "--out", "walk.gif").status == 0
    with Image.open(tmp_path / "walk.gif") as walk:
        assert walk.size == (260, 260)
    refused = ganzoo_command(*between, "both.safetensors", "--out", "b.gif").error
    assert "have 1 and 2 latents" in refused
    for option in (("--seed", 1), ("--class", "a"), ("--truncation", 0.5), ("--each-class",)):
        refused = ganzoo_command(*generate, *option, "--out", "c.png").error
        assert f"{option[0]} changes random latents: remove it, or --latents" in refused
    refused = ganzoo_command(*generate, "--count", 3, "--out", "c.png").error
    assert "--count 3: both.safetensors has the latents of 2 images" in refused
    assert "there is no file gone" in ganzoo_command(*generate[:3], "gone", "--out", "c.png").error


def test_the_way_to_the_projections_is_a_video(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    project = ("project", "run", given[0], "--steps", 2, "--no-references", "--out", "a.png")
    extractor = ("--extractor", "random")
    done = ganzoo_command(*project, "--video", "way.webp", "--distance", "features", *extractor)
    assert done.status == 0, done.err
    head, *_, last = done.out.splitlines()
    assert head.split() == ["image", "distance", "random", "features", "length"]
    assert "1 x 2 steps by pixels and features of random in " in last
    with Image.open(tmp_path / "way.webp") as video:
        assert video.size == (2 * 130 + 2, 130 + 2)


def test_an_export_finds_the_same_latents_as_its_run(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, given: list[str], tmp_path: Path
) -> None:
    tiny_run()
    ganzoo_command("export", "run", "--to", "safetensors", "--out", "exported.safetensors")
    found: list[torch.Tensor] = []
    for source in ("run", "exported.safetensors"):
        options = ("--steps", 2, "--no-references", "--out", f"{len(found)}.png")
        latents = tmp_path / f"latents{len(found)}.safetensors"
        done = ganzoo_command("project", source, given[0], *options, "--latents", latents.name)
        assert done.status == 0, done.err
        found.append(SavedLatents.read(latents).points)
    assert torch.equal(*found)

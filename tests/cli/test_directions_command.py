from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from ganzoo.output.directions.saved import Directions
from tests.cli.conftest import Ganzoo


def test_directions_are_found_shown_and_used(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    found = ("--from", "hue", "--method", "weights", "--count", 2, "--images", 32)
    done = ganzoo_command("directions", "run", *found, "--out", "new/found.safetensors", "--json")
    assert done.status == 0, done.err
    names = ["hue-red", "hue-yellow", "weight-1", "weight-2"]
    assert [row["name"] for row in json.loads(done.out)["directions"]] == names
    read = Directions.read(tmp_path / "new" / "found.safetensors")
    assert [each.name for each in read] == names
    with Image.open(tmp_path / "new" / "found.png") as grid:
        assert grid.height > 4 * 2 * 64
    again = ganzoo_command("directions", "run", *found, "--out", "new/found.safetensors")
    assert "exists already" in again.error

    use = ("--directions", "new/found.safetensors", "--out")
    ganzoo_command("generate", "run", *use[2:], "a.png")
    for name, amount in (("b", 0), ("c", 3)):
        done = ganzoo_command(
            "generate", "run", "--along", f"weight-1={amount}", *use, f"{name}.png"
        )
        assert done.status == 0, done.err
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
    walk = ("--direction", "hue-red", "--count", 1, "--frames", 2)
    assert ganzoo_command("animate", "run", *walk, *use, "a.webp").status == 0
    with Image.open(tmp_path / "a.webp") as video:
        assert getattr(video, "n_frames", 1) in (3, 4)  # equal frames are merged

    for arguments, message in (
        (("generate", "run", "--along", "weigth-1=1", *use, "d.png"), "did you mean weight-1"),
        (("generate", "run", "--along", "hue", *use, "d.png"), "write NAME=AMOUNT"),
        (("generate", "run", "--along", "hue=1", "--out", "d.png"), "requires --directions"),
        (("generate", "run", *use, "d.png"), "requires --along"),
        (("animate", "run", "--direction", "hue-red", "--out", "b.gif"), "requires --directions"),
        (("animate", "run", *walk, "--walk", 2, *use, "b.gif"), "cannot be combined"),
        (("animate", "run", "--amount", 2, "--out", "b.gif"), "--amount requires --direction NAME"),
        (("animate", "run", "--walk", 2, "--amount", 2, "--out", "b.gif"), "--amount requires"),
        (("animate", "run", "--walk", 2, *use, "b.gif"), "requires --direction"),
        (("directions", "run", "--out", "a.png"), "ends in .safetensors"),
        (("directions", use[1], "--force", "--out", use[1]), "found.safetensors is also what is"),
        (("directions", "run", "--from", "hoe", "--out", "x.safetensors"), "did you mean hue"),
        (("directions", "run", "--method", "pca", "--out", "x.safetensors"), "no intermediate"),
    ):
        assert message in ganzoo_command(*arguments).error
    assert not (tmp_path / "x.safetensors").exists()

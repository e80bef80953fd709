from __future__ import annotations

import json
import re
from pathlib import Path

import ganzoo
from ganzoo.cli.commands import COMMANDS
from ganzoo.export.formats import FORMATS
from ganzoo.export.safetensors_file import ExportedGenerator, read_card
from ganzoo.plugin_commands import command_of
from tests.cli.conftest import Ganzoo

SAVED = ("export", "run", "--to", "safetensors", "--out")
FAST = ("--extractor", "random", "--samples", 12, "--metric", "moments")


def test_an_export_stands_for_the_run_folder(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "checkpoint.every=1", "evaluate.samples=12")
    done = ganzoo_command(*SAVED, "a.safetensors", "--license", "MIT", "--description", "small")
    assert done.status == 0, done.err
    assert re.fullmatch(r"a\.safetensors: 0\.\d MB, blossoms-dcgan-hinge, step 2\n", done.out)
    card = read_card(tmp_path / "a.safetensors")
    assert (card.license, card.description, card.step) == ("MIT", "small", 2)
    for source, image in (("run", "a.png"), ("a.safetensors", "b.png")):
        assert ganzoo_command("generate", source, "--count", 4, "--out", image).status == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    walk = ("--walk", 2, "--frames", 2, "--count", 1, "--out", "walk.gif")
    assert ganzoo_command("animate", "a.safetensors", *walk).status == 0

    measured = [
        json.loads(ganzoo_command("evaluate", source, *FAST, "--json").out)
        for source in ("a.safetensors", "run")
    ]
    assert [each["scores"] for each in measured[0]] == [each["scores"] for each in measured[1]]
    kept = (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()
    assert len(kept) == 1  # that of the folder
    assert {path.name for path in tmp_path.iterdir()} == {
        *("run", "a.safetensors", "a.png", "b.png", "walk.gif")
    }
    near = ("--by", "pixels", "--count", 1, "--neighbors", 1, "--out", "near.png")
    assert ganzoo_command("neighbors", "a.safetensors", *near).status == 0


def test_a_checkpoint_is_chosen(tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    tiny_run("run", "checkpoint.every=1")
    assert ganzoo_command(*SAVED, "a.safetensors", "--checkpoint", 1).status == 0
    read = ganzoo.load(tmp_path / "a.safetensors")
    assert isinstance(read, ExportedGenerator)
    assert read.step == 1
    found = ganzoo_command("generate", "a.safetensors", "--checkpoint", "best", "--out", "a.png")
    assert found.error == (
        "error: a.safetensors has one checkpoint, step 1: remove --checkpoint best, or name the "
        "run folder"
    )


def test_bad_requests_are_one_line_and_write_nothing(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    (tmp_path / "old.safetensors").write_text("mine")
    (tmp_path / "folder.safetensors").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for arguments, message in (
        ((*SAVED, "old.safetensors"), "old.safetensors exists already: name another with --out"),
        ((*SAVED, "folder.safetensors"), "folder.safetensors: the format safetensors is a file"),
        ((*SAVED, "a.onnx"), "a.onnx: the format safetensors is a file: choose a name that ends"),
        ((*SAVED, "a.safetensors", "--float16"), "--float16 is an option of onnx, not of safe"),
        ((*SAVED, "a.safetensors", "--checkpoint", 9), "run has no checkpoint 9"),
        (("export", "run", "--to", "onx", "--out", "a.onnx"), "no format onx; did you mean onnx?"),
        (("export", "gone", *SAVED[2:], "a.safetensors"), "there is no run folder gone"),
        (("animate", "b.safetensors", "--out", "a.gif"), "has no grids of samples: add --walk N"),
        (("resume", "old.safetensors"), "old.safetensors is not a run folder"),
        (("evaluate", "old.safetensors"), "old.safetensors is damaged or no safetensors file"),
    ):
        assert message in ganzoo_command(*arguments).error
        assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old.safetensors").read_text() == "mine"
    assert ganzoo_command(*SAVED, "old.safetensors", "--force").status == 0
    refused = ganzoo_command(*SAVED, "run/checkpoints/step-0000002.safetensors", "--force")
    assert "belongs to the run" in refused.error


def test_other_images_than_those_of_the_run_are_refused(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo
) -> None:
    tiny_run()
    ganzoo_command(*SAVED, "a.safetensors")
    refused = ganzoo_command("evaluate", "a.safetensors", "dataset.seed=5", *FAST)
    assert refused.status == 2
    assert "a.safetensors was trained on other images, 20 (" in refused.err.splitlines()[-1]


def test_the_help_has_a_row_per_format() -> None:
    (command,) = (each for each in COMMANDS if each.name == "export")
    text = command_of(command).help
    rows = re.findall(r"^ *- `(\w+)`: (.*)$", text, re.MULTILINE)
    assert rows == [(each.name, each.summary) for each in FORMATS.values()]

"""The failures of docs/troubleshooting.md: its commands are run, and its messages are printed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.engine import Engine
from tests.cli.conftest import Done, Ganzoo

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
SCALING = (DOCS / "scaling.md").read_text(encoding="utf-8")


def commands(section: str) -> list[list[str]]:
    """The arguments of the commands in the first block of a section."""
    block = PAGE.split(f"## {section}\n")[1].split("```console\n")[1].split("```")[0]
    return [shlex.split(line)[1:] for line in block.splitlines()]


def train(ganzoo_command: Ganzoo, words: list[str], folder: str, *more: object) -> Done:
    """Train on the CPU with a command of the page; later arguments override its settings."""
    return ganzoo_command(*words, *more, "--run-dir", folder, "--device", "cpu")


def last_report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    return report


def test_the_message_about_collapse_is_that_of_the_page(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios = iter([0.5, 0.5])
    monkeypatch.setattr(
        "ganzoo.training.sample_grids.SampleGrids.draw_samples", lambda self: next(ratios, 0.08)
    )
    (first, _) = commands("Mode collapse")
    more = ("--steps", 4, "sample.every=1", "architecture.width=4")
    done = train(ganzoo_command, first, "run", *more, "dataset.count=20", "log.every=1")
    (warning,) = re.findall("warning: the samples.*", done.err)
    assert warning in PAGE


def test_the_numbers_show_a_discriminator_that_is_too_strong(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    first, second = commands("The discriminator is too strong")
    for folder, words in (("first", first), ("second", second)):
        train(ganzoo_command, words, folder, "--steps", 40, "dataset.count=200", "log.every=20")
    wins, fair = (last_report(tmp_path / folder) for folder in ("first", "second"))
    assert wins["loss/discriminator"] < 0.05 < 0.2 < fair["loss/discriminator"]
    assert wins["scores/real"] - wins["scores/fake"] > fair["scores/real"] - fair["scores/fake"]


def test_gray_samples_of_a_slow_average_come_with_the_same_losses(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    for folder, words in zip(("slow", "fast"), commands("Gray images"), strict=True):
        more = ("--steps", 20, "dataset.count=200", "log.every=20", "sample.every=20")
        train(ganzoo_command, words, folder, *more)
    slow, fast = (last_report(tmp_path / folder) for folder in ("slow", "fast"))
    assert slow.pop("samples/diversity") != fast.pop("samples/diversity")
    timed = ("speed/", "waiting/")
    same = [{k: v for k, v in e.items() if not k.startswith(timed)} for e in (slow, fast)]
    assert same[0] == same[1]


def test_the_message_about_infinite_numbers_is_that_of_the_page(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (words,) = commands("Numbers that are not finite")
    done = train(ganzoo_command, words, "run")
    assert done.status == 1
    assert done.err.splitlines()[-1].split(" (`ganzoo --traceback")[0] in PAGE
    assert (tmp_path / "run" / "nonfinite.json").exists()
    hint = "the discriminator may memorize 200 images: consider --augment diffaugment or --augm"
    assert hint in done.err
    assert hint.replace("200", "50") in PAGE


def test_the_messages_about_data_and_devices_are_those_of_the_page(
    ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    words = ("train", "image-folder", "mlp", "hinge", "dataset.path=images", "--resolution", 8)
    assert "no images in" in ganzoo_command(*words).error
    (tmp_path / "images" / "a.png").write_text("text")
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "b.png")
    unreadable = ganzoo_command(*words, "--device", "cpu", "--run-dir", "run").err
    assert re.search(
        r"cannot read the image \S+: it is not a JPEG, PNG, .*dataset.on_error=skip", unreadable
    )
    size = ganzoo_command("train", "blossoms", "dcgan", "hinge", "--resolution", 50).error
    assert "cannot make images of 50 x 50 pixels" in size
    unknown = ganzoo_command("train", "blossoms", "dcgan", "hinge", "train.lr=3").error
    assert "there is no setting train.lr; did you mean" in unknown
    for message in (
        *("`no images in FOLDER or its subfolders`", "`cannot read the image FILE: it is not a"),
        *("`cannot make images of 50 x 50 pixels`", "`there is no setting KEY; did you mean"),
        "or lower data.resolution or the networks' width in a new run",
    ):
        assert message in PAGE
    if not torch.cuda.is_available():
        asked = ganzoo_command("train", "blossoms", "mlp", "hinge", "--device", "cuda").error
        assert asked.removeprefix("error: ") in PAGE


def test_the_messages_about_precision_and_batches_are_those_of_the_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    with pytest.warns(UserWarning, match="bf16") as caught:
        Engine(TrainOptions(device="cpu", precision="bf16"))
    assert f"`warning: {caught[0].message}`" in PAGE
    with pytest.raises(RequestError) as refused:
        Engine(TrainOptions(device="cpu", batch_size=10, devices=4))
    assert f"`{refused.value}`" in SCALING

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import imaging
from ganzoo.data.batches import Batches
from ganzoo.shard import Shard
from ganzoo.training.optimizers import Optimizers
from ganzoo.training.step import TrainingStep

Arguments = Callable[..., dict[str, Any]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_of_a_run_folder(tiny: Arguments) -> None:
    folder = ganzoo.train(
        **tiny(steps=4, settings={"sample.every": 2, "checkpoint.every": 3})
    ).folder
    events = [name for name in names(folder) if name.startswith("events.out.tfevents.")]
    assert len(events) == 1
    assert sorted({*names(folder), *events} - {events[0]}) == [
        ".lock",
        "checkpoints",
        "environment.json",
        "metrics.jsonl",
        "run.toml",
        "samples",
    ]
    assert names(folder / "samples") == [
        "real.png",
        "step-0000000.png",
        "step-0000002.png",
        "step-0000004.png",
    ]
    assert [name for name in names(folder / "checkpoints") if name.endswith(".pt")] == [
        "step-0000003.pt",
        "step-0000004.pt",
    ]


def test_growth_is_reported_and_changes_the_learning_rate(
    tiny: Arguments, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    original = Optimizers.__init__

    def record(self: Optimizers, *arguments: Any) -> None:
        original(self, *arguments)
        rates.extend(each.param_groups[0]["lr"] for each in self._optimizers.values())

    monkeypatch.setattr(Optimizers, "__init__", record)
    growth = {"fade_images": 32, "stable_images": 16, "lr_factor": {"8": 0.5}}
    settings = {"growth": growth, "log.every": 1, "train.generator.lr": 4e-4}
    arguments = tiny("run", "growing-mlp", steps=3, quiet=False, settings=settings)
    folder = ganzoo.train(**arguments).folder
    shown = capsys.readouterr().err
    assert "step 0: 4 x 4 of 8 x 8 pixels, 8 images in a batch" in shown
    assert "step 1: 8 x 8 of 8 x 8 pixels, 8 images in a batch" in shown
    assert "faded in after 48 images, but this run ends before" not in shown
    assert rates == [2e-4, 4e-4, 1e-4, 2e-4]
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    grown = [(d["growth/resolution"], d["growth/fade"]) for d in map(json.loads, lines)]
    assert grown == [(8, 0.0), (8, 0.5), (8, 1.0)]
    ganzoo.train(**arguments | {"run_dir": folder.with_name("short"), "steps": 2})
    assert "faded in after 48 images, but this run ends before" in capsys.readouterr().err


@pytest.mark.parametrize("architecture", ["dcgan", "mlp", "growing-mlp", "fully-convolutional"])
def test_images_need_not_be_square(tiny: Arguments, architecture: str) -> None:
    run = ganzoo.train(**tiny("run", architecture, resolution="16x8", steps=2))
    last = run.image_shape if architecture == "growing-mlp" else (3, 8, 16)
    assert run.generate(2).shape == (2, *last)
    assert last[2] == 2 * last[1]


def test_a_size_that_cannot_be_halved_is_refused(tiny: Arguments) -> None:
    with pytest.raises(ganzoo.RequestError, match="cannot make images of 19 x 16 pixels: width"):
        ganzoo.train(**tiny(resolution="19x16"))


def test_the_sample_grid_has_the_images_of_generate(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(seed=3))
    with Image.open(run.folder / "samples" / "step-0000003.png") as image:
        drawn = np.asarray(image)
    assert np.array_equal(drawn, imaging.grid(run.generate(4, seed=3)))


def test_the_grid_of_a_conditional_run_has_named_rows_for_each_class(tiny: Arguments) -> None:
    settings = {"data.conditional": True, "sample.count": 25}
    run = ganzoo.train(**tiny(seed=3, settings=settings))
    with Image.open(run.folder / "samples" / "step-0000003.png") as image:
        drawn = np.asarray(image)
    rows = imaging.class_grid(run.generate_rows(4, seed=3), run.class_names, columns=4)
    assert np.array_equal(drawn, rows)


def test_the_grid_of_few_images_of_a_conditional_run_has_no_rows(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(seed=3, settings={"data.conditional": True}))
    with Image.open(run.folder / "samples" / "step-0000003.png") as image:
        drawn = np.asarray(image)
    assert np.array_equal(drawn, imaging.grid(run.generate(4, seed=3)))


def test_each_discriminator_update_gets_new_images(tiny: Arguments, monkeypatch: Any) -> None:
    positions = []
    original = Batches.take

    def record(self: Batches, position: int, count: int, shard: Shard) -> Any:
        positions.append(position)
        return original(self, position, count, shard)

    monkeypatch.setattr(Batches, "take", record)
    ganzoo.train(**tiny(steps=2))
    assert positions == [0, 8, 16, 24]


def test_bf16_with_a_warp_of_all_images_trains(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True, raising=False)
    settings = {"augment.rotate.apply_to": "all"}
    ganzoo.train(**tiny(steps=1, loss="wgan-gp", precision="bf16", settings=settings))


def test_settings_can_be_a_nested_mapping(tiny: Arguments) -> None:
    nested = {"train": {"generator": {"lr": 0.1}, "discriminator": {"steps": 3}}}
    run = ganzoo.train(**tiny(steps=1, settings=nested)).run
    assert run.train.generator.lr == 0.1
    assert (run.train.steps, run.train.batch_size) == (1, 8)


def test_the_purposes_of_random_numbers_in_a_step(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    original = TrainingStep._generator

    def record(self: TrainingStep, name: str) -> torch.Generator:
        calls.append(f"{self.phase}/{name}")
        return original(self, name)

    monkeypatch.setattr("ganzoo.training.assembly.try_phases", lambda *arguments: None)
    monkeypatch.setattr(TrainingStep, "_generator", record)
    ganzoo.train(**tiny(steps=1, augment=["flip"], settings={"train.discriminator.steps": 1}))
    assert calls == [
        "discriminator/latents/0",
        "discriminator/transform/0",
        "discriminator/transform/1",
        "generator/latents/0",
        "generator/transform/0",
    ]


def test_passwords_in_urls_of_the_command_are_not_recorded(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ganzoo", "x=https://someone:secret@example.org/images"])
    shown = (ganzoo.train(**tiny(steps=1)).folder / "environment.json").read_text()
    assert "https://...@example.org/images" in shown
    assert "secret" not in shown

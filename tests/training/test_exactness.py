"""A run that is stopped and resumed ends as one that was not, to the bit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import Architecture, RequestError, pictures
from ganzoo.api import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints, State

REGISTRY = Registry.discover()
ARCHITECTURES = [entry.component.name for entry in REGISTRY.entries("architecture")]
LOSSES = [entry.component.name for entry in REGISTRY.entries("loss")]
AUGMENTATIONS = [entry.component.name for entry in REGISTRY.entries("augmentation")]

Arguments = Callable[..., dict[str, Any]]


def last_state(folder: Path) -> State:
    return Checkpoints(folder / "checkpoints", 3).load()


def same(a: object, b: object) -> bool:
    """Whether two states are equal to the bit."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


REFUSED = [("progressive", "wgan")]
"""Combinations that do not fit together."""

COMBINATIONS = [
    pytest.param(
        *pair,
        id="-".join(pair),
        marks=pytest.mark.xfail(
            pair in REFUSED, raises=RequestError, reason="they do not fit together"
        ),
    )
    for pair in itertools.product(ARCHITECTURES, LOSSES)
]


@pytest.mark.parametrize(("architecture", "loss"), COMBINATIONS)
def test_n_and_n_steps_equal_2n_steps(tiny: Arguments, architecture: str, loss: str) -> None:
    # 20 pictures, 16 of them a step: it stops in the middle of the third epoch.
    straight = ganzoo.train(**tiny("straight", architecture, loss, steps=6))
    halved = ganzoo.train(**tiny("halved", architecture, loss, steps=3))
    assert not same(last_state(halved.folder), last_state(straight.folder))
    ganzoo.resume(halved.folder, steps=6, quiet=True)
    assert same(last_state(halved.folder), last_state(straight.folder))


GROWING = [
    entry.component.name
    for entry in REGISTRY.entries("architecture")
    if isinstance(entry.component, Architecture) and entry.component.grows
]


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("architecture", GROWING)
def test_stopped_anywhere_while_it_grows(tiny: Arguments, architecture: str, freeze: bool) -> None:
    # 16 images a step, then 8: stages begin with steps 2 and 6, and are faded in by 4 and 10.
    growth = {"fade_images": 32, "stable_images": 32, "batch_size": {"16": 4}, "freeze": freeze}
    more = {"resolution": 16, "settings": {"growth": growth, "sample.every": 1}}
    straight = ganzoo.train(**tiny("straight", architecture, "wgan-gp", steps=12, **more))
    # Before a boundary, at it, in mid-fade, at its end, before the next boundary, at it, after it.
    stops = [1, 2, 3, 4, 5, 6, 7, 12]
    often = ganzoo.train(**tiny("often", architecture, "wgan-gp", steps=stops[0], **more))
    for steps in stops[1:]:
        often = ganzoo.resume(often.folder, steps=steps, quiet=True)
    assert same(last_state(often.folder), last_state(straight.folder))
    sheets = [folder / "samples" for folder in (often.folder, straight.folder)]
    for sheet in sheets[1].iterdir():
        assert sheet.read_bytes() == (sheets[0] / sheet.name).read_bytes(), sheet.name


def test_resuming_at_another_stage_is_refused(tiny: Arguments) -> None:
    growth = {"fade_images": 32, "stable_images": 32}
    more = {"resolution": 16, "settings": {"growth": growth}}
    run = ganzoo.train(**tiny("run", GROWING[0], steps=3, **more))
    for change in ("growth.stable_images=1000", "growth.freeze=true"):
        settings = stored_settings(RunFolder.open(run.folder))
        settings.override([change, "train.steps=5"])
        with pytest.raises(RequestError, match=r"other layers would be trained .* leave growth"):
            session.resume(Run.resolve(settings, advised=False), RunFolder(run.folder))


@pytest.mark.parametrize("architecture", GROWING)
@pytest.mark.parametrize(
    ("steps", "side"), [(1, 4), (2, 8), (3, 8), (6, 16)], ids=["first", "new", "fading", "last"]
)
def test_generate_knows_the_stage(
    tiny: Arguments, architecture: str, steps: int, side: int
) -> None:
    growth = {"fade_images": 32, "stable_images": 32}
    settings = {"resolution": 16, "steps": steps, "settings": {"growth": growth}}
    run = ganzoo.train(**tiny("run", architecture, **settings))
    assert run.image == (3, side, side)
    made = run.generate(4, seed=0)
    with Image.open(run.folder / "samples" / f"step-{steps:07}.png") as image:
        drawn = np.asarray(image)
    assert np.array_equal(drawn, pictures.grid(pictures.enlarged(made, 16 // side)))


def test_the_state_holds_all_that_matters(tiny: Arguments) -> None:
    state = last_state(ganzoo.train(**tiny(loss="wgan-gp")).folder)
    assert state["images_seen"] == 3 * 2 * 8
    assert set(state) >= {"generator", "discriminator", "averaged", "optimizers", "step"}
    assert state["optimizers"]["generator"]["state"][0]["step"] == 3
    assert state["optimizers"]["discriminator"]["state"][0]["step"] == 6


def test_stopped_many_times(tiny: Arguments) -> None:
    extra = {"augment": AUGMENTATIONS, "settings": {"architecture.dropout": 0.5}}
    straight = ganzoo.train(**tiny("straight", loss="wgan-gp", steps=5, **extra))
    often = ganzoo.train(**tiny("often", loss="wgan-gp", steps=1, **extra))
    for steps in (2, 3, 4, 5):
        ganzoo.resume(often.folder, steps=steps, quiet=True)
    assert same(last_state(often.folder), last_state(straight.folder))


def test_with_labels(tiny: Arguments) -> None:
    extra = {"settings": {"architecture.conditional": True}}
    straight = ganzoo.train(**tiny("straight", steps=4, **extra))
    halved = ganzoo.train(**tiny("halved", steps=2, **extra))
    ganzoo.resume(halved.folder, steps=4, quiet=True)
    assert same(last_state(halved.folder), last_state(straight.folder))


@pytest.mark.parametrize(
    "change",
    [{"sample.every": 1}, {"log.every": 1}, {"checkpoint.every": 1}, {"sample.count": 9}],
    ids=str,
)
def test_watching_changes_nothing(tiny: Arguments, change: dict[str, int]) -> None:
    plain = last_state(ganzoo.train(**tiny("plain")).folder)
    watched = last_state(ganzoo.train(**tiny("watched", settings=change)).folder)
    plain.pop("tally")
    watched.pop("tally")
    assert same(plain, watched)


def test_another_seed_is_another_run(tiny: Arguments) -> None:
    first = last_state(ganzoo.train(**tiny("first")).folder)
    other = last_state(ganzoo.train(**tiny("other", seed=1)).folder)
    assert not same(first["generator"], other["generator"])


def test_reports_go_on_without_holes_or_repeats(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"settings": {"log.every": 2}}
    straight = ganzoo.train(**tiny("straight", steps=6, **extra)).folder

    @contextmanager
    def after_three_steps(noted: object) -> Iterator[Callable[[], bool]]:
        answers = iter([False, False, False, True])
        yield lambda: next(answers)

    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.training.session.stop_requests", after_three_steps)
        stopped = ganzoo.train(**tiny("stopped", steps=6, **extra)).folder
    assert last_state(stopped)["step"] == 3
    ganzoo.resume(stopped, quiet=True)
    assert reports(stopped) == reports(straight)
    assert same(last_state(stopped), last_state(straight))


def test_stopped_before_the_first_step(tiny: Arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def at_once(noted: object) -> Iterator[Callable[[], bool]]:
        yield lambda: True

    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.training.session.stop_requests", at_once)
        stopped = ganzoo.train(**tiny("stopped")).folder
    assert last_state(stopped)["step"] == 0
    ganzoo.resume(stopped, quiet=True)
    assert same(last_state(stopped), last_state(ganzoo.train(**tiny("straight")).folder))


def test_killed_before_the_first_checkpoint(tiny: Arguments) -> None:
    straight = last_state(ganzoo.train(**tiny("straight")).folder)
    killed = ganzoo.train(**tiny("killed")).folder
    for path in (killed / "checkpoints").iterdir():
        path.unlink()
    ganzoo.resume(killed, quiet=True)
    assert same(last_state(killed), straight)
    assert reports(killed) == reports(tiny("straight")["folder"])


def test_moved_to_another_machine_with_its_pictures(
    tiny: Arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here" / "pictures"
    here.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(20):
        noise = random.integers(256, size=(12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).save(here / f"{number}.png")
    more = {
        "dataset": "image-folder",
        "loss": "wgan-gp",
        "augment": ["crop", "flip"],
        "settings": {"dataset.path": here},
    }
    straight = ganzoo.train(**tiny("straight", steps=6, **more)).folder
    stopped = ganzoo.train(**tiny("stopped", steps=3, **more)).folder

    there = tmp_path / "mnt" / "drive"
    there.mkdir(parents=True)
    here.rename(there / "photographs")
    moved = RunFolder(stopped.rename(there / "run"))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "another machine's cache"))
    settings = stored_settings(moved)
    settings.override([f"dataset.path={there / 'photographs'}", "train.steps=6"])
    session.resume(Run.resolve(settings), moved)
    assert same(last_state(moved.path), last_state(straight))


def reports(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if not k.startswith("speed/")} for line in lines]


def test_nothing_to_do_is_fine(tiny: Arguments) -> None:
    done = ganzoo.train(**tiny())
    before = last_state(done.folder)
    ganzoo.resume(done.folder, quiet=True)
    assert same(last_state(done.folder), before)

"""A stopped and resumed run ends with the same bits as an uninterrupted run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import ganzoo
from ganzoo import ArchitectureSpec, RequestError, imaging
from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.registry import Registry
from ganzoo.run import Run, recipe_settings
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import State
from ganzoo.training.stopping import Stopping
from ganzoo_regularizers.scores import LeCam
from tests.sameness import same

TIMED = ("speed/", "waiting/")
"""The numbers of reports that depend on the time."""
REGISTRY = Registry.discover()
AUGMENTATIONS = [entry.component.name for entry in REGISTRY.entries("augmentation")]

Arguments = Callable[..., dict[str, Any]]


def last_state(folder: Path) -> State:
    return Checkpoints(folder / "checkpoints", 3).load()


GROWING = [
    entry.component.name
    for entry in REGISTRY.entries("architecture")
    if isinstance(entry.component, ArchitectureSpec) and entry.component.grows
]


@pytest.mark.parametrize("freeze", [False, True])
@pytest.mark.parametrize("architecture", GROWING)
def test_stopping_at_any_step_of_growth_is_exact(
    tiny: Arguments, architecture: str, freeze: bool
) -> None:
    # 16 images a step, then 8: stages begin with steps 2 and 6, and are faded in by 4 and 10.
    growth = {"fade_images": 32, "stable_images": 32, "batch_size": {"16": 4}, "freeze": freeze}
    more = {"resolution": 16, "settings": {"growth": growth, "sample.every": 1}}
    straight = ganzoo.train(**tiny("straight", architecture, "wgan-gp", steps=12, **more))
    # Before, at and after the starts of stages, in the middle of a fade, and at its end.
    stops = [1, 2, 3, 4, 5, 6, 7, 12]
    often = ganzoo.train(**tiny("often", architecture, "wgan-gp", steps=stops[0], **more))
    for steps in stops[1:]:
        often = ganzoo.resume(often.folder, steps=steps, quiet=True)
    assert same(last_state(often.folder), last_state(straight.folder))
    folders = [folder / "samples" for folder in (often.folder, straight.folder)]
    for file in folders[1].iterdir():
        assert file.read_bytes() == (folders[0] / file.name).read_bytes(), file.name


def test_resuming_at_another_stage_is_refused(tiny: Arguments) -> None:
    growth = {"fade_images": 32, "stable_images": 32}
    more = {"resolution": 16, "settings": {"growth": growth}}
    run = ganzoo.train(**tiny("run", GROWING[0], steps=3, **more))
    for change in ("growth.stable_images=1000", "growth.freeze=true"):
        settings = stored_settings(run.folder)
        settings.override([change, "train.steps=5"])
        with pytest.raises(
            RequestError, match=r"other layers would be trained .* restore the sections growth"
        ):
            session.resume(Run.resolve(settings, recommend=False), RunFolder(run.folder))


@pytest.mark.parametrize("architecture", GROWING)
@pytest.mark.parametrize(
    ("steps", "side"), [(1, 4), (2, 8), (3, 8), (6, 16)], ids=["first", "new", "fading", "last"]
)
def test_generate_makes_images_of_the_current_stage(
    tiny: Arguments, architecture: str, steps: int, side: int
) -> None:
    growth = {"fade_images": 32, "stable_images": 32}
    settings = {"resolution": 16, "steps": steps, "settings": {"growth": growth}}
    run = ganzoo.train(**tiny("run", architecture, **settings))
    assert run.image_shape == (3, side, side)
    made = run.generate(4, seed=0)
    with Image.open(run.folder / "samples" / f"step-{steps:07}.png") as image:
        drawn = np.asarray(image)
    assert np.array_equal(drawn, imaging.grid(imaging.enlarged(made, 16 // side)))


def test_a_checkpoint_has_the_whole_state(tiny: Arguments) -> None:
    state = last_state(ganzoo.train(**tiny(loss="wgan-gp")).folder)
    assert state["images_seen"] == 3 * 2 * 8
    networks = {"networks.generator", "networks.discriminator", "generator_ema"}
    assert set(state["state"]) == {*networks, "progress", "optimizers", "running_means"}
    assert state["state"]["optimizers"]["generator"]["optimizer"]["state"][0]["step"] == 3
    assert state["state"]["optimizers"]["discriminator"]["optimizer"]["state"][0]["step"] == 6


def test_stopping_many_times_is_exact(tiny: Arguments) -> None:
    extra = {"augment": AUGMENTATIONS, "settings": {"architecture.dropout": 0.5}}
    straight = ganzoo.train(**tiny("straight", loss="wgan-gp", steps=5, **extra))
    often = ganzoo.train(**tiny("often", loss="wgan-gp", steps=1, **extra))
    for steps in (2, 3, 4, 5):
        ganzoo.resume(often.folder, steps=steps, quiet=True)
    assert same(last_state(often.folder), last_state(straight.folder))


def test_resuming_a_conditional_run_is_exact(tiny: Arguments) -> None:
    extra = {"settings": {"data.conditional": True}}
    straight = ganzoo.train(**tiny("straight", steps=4, **extra))
    halved = ganzoo.train(**tiny("halved", steps=2, **extra))
    ganzoo.resume(halved.folder, steps=4, quiet=True)
    assert same(last_state(halved.folder), last_state(straight.folder))


@pytest.mark.parametrize(
    "change",
    [{"sample.every": 1}, {"log.every": 1}, {"checkpoint.every": 1}, {"sample.count": 9}],
    ids=str,
)
def test_samples_reports_and_checkpoints_do_not_change_the_training(
    tiny: Arguments, change: dict[str, int]
) -> None:
    plain = last_state(ganzoo.train(**tiny("plain")).folder)
    watched = last_state(ganzoo.train(**tiny("watched", settings=change)).folder)
    for state in (plain["state"], watched["state"]):  # reports and checkpoints
        del state["running_means"], state["progress"]["rollback_step"]
    assert same(plain, watched)


def test_another_seed_gives_other_weights(tiny: Arguments) -> None:
    first = last_state(ganzoo.train(**tiny("first")).folder)
    other = last_state(ganzoo.train(**tiny("other", seed=1)).folder)
    generator = "networks.generator"
    assert not same(first["state"][generator], other["state"][generator])


def test_a_resumed_run_has_each_report_once(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"settings": {"log.every": 2}}
    straight = ganzoo.train(**tiny("straight", steps=6, **extra)).folder

    with monkeypatch.context() as patch:
        answers = iter([False, False, False, True])
        patch.setattr(Stopping, "__call__", lambda self: next(answers))
        stopped = ganzoo.train(**tiny("stopped", steps=6, **extra)).folder
    assert last_state(stopped)["step"] == 3
    ganzoo.resume(stopped, quiet=True)
    assert reports(stopped) == reports(straight)
    assert same(last_state(stopped), last_state(straight))


def test_stopping_before_the_first_step_is_exact(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Stopping, "__call__", lambda self: True)
        stopped = ganzoo.train(**tiny("stopped")).folder
    assert last_state(stopped)["step"] == 0
    ganzoo.resume(stopped, quiet=True)
    assert same(last_state(stopped), last_state(ganzoo.train(**tiny("straight")).folder))


def test_a_kill_before_the_first_checkpoint_is_exact(tiny: Arguments) -> None:
    straight = last_state(ganzoo.train(**tiny("straight")).folder)
    killed = ganzoo.train(**tiny("killed")).folder
    for path in (killed / "checkpoints").iterdir():
        path.unlink()
    ganzoo.resume(killed, quiet=True)
    assert same(last_state(killed), straight)
    assert reports(killed) == reports(tiny("straight")["run_dir"])


def test_moving_a_run_and_its_images_to_another_machine_is_exact(
    tiny: Arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here" / "images"
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
    settings = stored_settings(moved.path)
    settings.override([f"dataset.path={there / 'photographs'}", "train.steps=6"])
    session.resume(Run.resolve(settings), moved)
    assert same(last_state(moved.path), last_state(straight))


def reports(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if not k.startswith(TIMED)} for line in lines]


def test_resuming_a_finished_run_changes_nothing(tiny: Arguments) -> None:
    done = ganzoo.train(**tiny())
    before = last_state(done.folder)
    ganzoo.resume(done.folder, quiet=True)
    assert same(last_state(done.folder), before)


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp"])
def test_rollback_is_exact_wherever_the_run_is_stopped(
    tiny: Arguments,
    inject_nan: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    architecture: str,
) -> None:
    inject_nan([4], streams=[0, 1])
    settings: dict[str, Any] = {"train.on_nonfinite": "rollback", "checkpoint.every": 3}
    settings |= {"log.every": 1, "sample.every": 2}
    if architecture == "growing-mlp":  # its second stage begins with step 4
        settings |= {"growth.fade_images": 32, "growth.stable_images": 48}

    def run(name: str) -> dict[str, Any]:
        return tiny(name, architecture, steps=8, settings=settings)

    straight = ganzoo.train(**run("straight")).folder
    with monkeypatch.context() as patch:
        answers = itertools.cycle([False, True])
        patch.setattr(Stopping, "__call__", lambda self: next(answers))
        often = ganzoo.train(**run("often")).folder
        for _ in range(11):
            ganzoo.resume(often, quiet=True)
    assert same(last_state(often), last_state(straight))
    progress = last_state(straight)["state"]["progress"]
    assert (progress["step"], progress["stream"]) == (8, 2)
    assert [line["step"] for line in reports(straight)] == list(range(1, 9))
    assert reports(often) == reports(straight)


def test_the_state_of_a_regularizer_is_resumed_exactly(tiny: Arguments) -> None:
    more = {"regularize": "lecam"}
    straight = ganzoo.train(**tiny("straight", steps=4, **more)).folder
    halved = ganzoo.train(**tiny("halved", steps=2, **more)).folder
    ganzoo.resume(halved, steps=4, quiet=True)
    assert last_state(straight)["state"]["regularize.lecam"]["real_average"] != 0
    assert same(last_state(halved), last_state(straight))


def test_a_regularizer_that_is_a_module_is_moved_to_the_device(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: set[object] = set()

    def move(module: torch.nn.Module, device: object) -> torch.nn.Module:
        devices.add(device)
        return module

    monkeypatch.setattr(LeCam, "to", move, raising=False)
    ganzoo.train(**tiny("moved", steps=1, regularize="lecam"))
    assert devices == {torch.device("cpu")}


REDUCED: dict[str, Any] = {
    "dataset": "blossoms",
    "dataset.count": 20,
    "data.resolution": 8,
    "train.batch_size": 8,
    "train.device": "cpu",
    "sample.count": 4,
    "sample.every": 3,
}
"""Settings that make any recipe fast enough for a test."""


# Some papers combine a gradient penalty with batch normalization.
@pytest.mark.filterwarnings('ignore:norm="batch" makes an image:UserWarning')
@pytest.mark.parametrize("recipe", [e.qualified_name for e in REGISTRY.entries("recipe")])
def test_every_recipe_is_exact(
    recipe: str,
    tmp_path: Path,
    small: Mapping[str, Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = recipe_settings(recipe, REGISTRY)
    settings.add({**REDUCED, "train.steps": 6}, "test")
    name = str(settings.values["architecture"]["name"]).rpartition("/")[2]
    settings.add(small.get(name, {}), "test")
    if "growth" in settings.values:
        settings.add({"growth.fade_images": 16, "growth.stable_images": 16}, "test")
    resolved = Run.resolve(settings, REGISTRY)

    def run(folder: str) -> State:
        place = RunFolder(tmp_path / folder)
        if place.path.exists():
            session.resume(resolved, place)
        else:
            session.train(resolved, lambda: RunFolder.create(place.path, resolved.tree()))
        return last_state(place.path)

    straight = run("straight")
    for steps in (1, 3):  # it stops after that many steps: schedules depend on their total
        with monkeypatch.context() as patch:
            answers = iter([False] * (steps - (steps > 1)) + [True])
            patch.setattr(Stopping, "__call__", lambda self, answers=answers: next(answers))
            assert run("stopped")["step"] == steps
    assert same(run("stopped"), straight)


def test_a_resumed_run_has_each_tensorboard_event_once(tiny: Arguments) -> None:
    settings = {"log.every": 1, "sample.every": 2, "checkpoint.every": 2}
    straight = ganzoo.train(**tiny("straight", steps=7, settings=settings)).folder
    killed = ganzoo.train(**tiny("killed", steps=5, settings=settings)).folder
    for file in (killed / "checkpoints").glob("step-0000005.*"):
        file.unlink()  # as if killed before the save: step 5 was reported, and is repeated
    ganzoo.resume(killed, steps=7, quiet=True)
    assert board(killed) == board(straight)
    assert reports(killed) == reports(straight)


def board(run: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    scalars = [name for name in events.Tags()["scalars"] if not name.startswith(TIMED)]
    events_by_name = {
        name: [(one.step, one.value) for one in events.Scalars(name)] for name in scalars
    }
    images, histograms = events.Tags()["images"], events.Tags()["histograms"]
    events_by_name |= {
        n: [(h.step, h.histogram_value.sum) for h in events.Histograms(n)] for n in histograms
    }
    return events_by_name | {
        name: [(one.step, 0.0) for one in events.Images(name)] for name in images
    }

"""``ganzoo train ... --budget``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import EvaluationResult, RequestError, dump_results
from ganzoo.output.evaluating import evaluate
from ganzoo.planning import budget, measurements, recipe_choice, timetable, training
from ganzoo.planning.budget import Clock
from ganzoo.planning.time_record import TimeRecord
from ganzoo.planning.timetable import EvaluationCost, Speed
from tests.cli.conftest import Done, Ganzoo
from tests.planning.results import measured_images, result

SETTINGS = """
dataset.name = "mnist/mnist"
dataset.variant = "fashion"
data.resolution = 8
data.channels = 1
data.classes = ["5"]
architecture.name = "dcgan/dcgan"
architecture.base_channels = 2
architecture.latent_dim = 4
loss.name = "adversarial/hinge"
train.epochs = 50
evaluate.every = 1
train.batch_size = 64
sample.count = 4
"""

PLUGIN = """
from ganzoo import RecipeSpec, hookimpl

@hookimpl
def ganzoo_recipes():
    for name, results in {recipes}.items():
        yield RecipeSpec(
            name=name,
            summary="Mine.",
            settings=f"budget_recipes/{{name}}.toml",
            results=results and f"budget_recipes/{{results}}.json",
        )
"""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about speed is measured: runs are expected to be slow, so their length is short."""
    monkeypatch.setattr(budget, "LEAST", 1.0)
    monkeypatch.setattr(Clock, "spent", 0.5)
    monkeypatch.setattr(timetable, "_START", 0.1)
    monkeypatch.setattr(timetable, "_END", 0.1)
    monkeypatch.setattr(measurements, "speed_of", lambda *_: Speed(20.0, 0.01, 0.1, 10))
    monkeypatch.setattr(recipe_choice, "operations_here", lambda request: 1e11)
    cost = EvaluationCost(0.1, 1e-5), ["swd"]
    monkeypatch.setattr(measurements, "evaluation_of", lambda *_: cost)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with 24 color images of 16 x 16, one of them damaged."""
    folder = tmp_path / "pics"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(24):
        pixels = random.integers(0, 255, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "5.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    return folder


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that writes a plugin with recipes, by name; returns the path of its file."""

    def write(recipes: dict[str, str], **settings: str) -> str:
        package = tmp_path / "budget_recipes"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        for name in recipes:
            (package / f"{name}.toml").write_text(settings.get(name, SETTINGS))
        eight = measured_images(shape=(3, 8, 8))
        good = result([(100, 1.0), (1000, 0.1)], metric="swd", images=eight)
        (package / "good.json").write_text(dump_results((good,)))
        bad = result([(100, 2.0), (1000, 1.0)], metric="swd", images=eight)
        (package / "bad.json").write_text(dump_results((bad,)))
        (package / "damaged.json").write_text("[{}]")
        file = tmp_path / "my_recipes.py"
        file.write_text(PLUGIN.format(recipes=recipes))
        monkeypatch.syspath_prepend(tmp_path)
        for module in ("my_recipes", "budget_recipes"):  # of another test
            monkeypatch.delitem(sys.modules, module, raising=False)
        return str(file)

    return write


Plan = Callable[..., Done]


@pytest.fixture
def plan(ganzoo_command: Ganzoo, images: Path, recipes: Callable[..., str]) -> Plan:
    """``ganzoo train pics --budget 60s`` on the CPU, with two recipes; accepts more arguments."""
    file = recipes({"first": "good", "second": "bad"})

    def run(*more: object, budget: str = "60s") -> Done:
        given = ("--budget", budget, "--plugin", file, "--device", "cpu")
        return ganzoo_command("train", "pics", *more, *given)

    return run


def test_a_dry_run_shows_the_plan_and_the_origin_of_each_setting(
    plan: Plan, tmp_path: Path
) -> None:
    done = plan("--dry-run", "train.batch_size=8", "--augment", "flip")
    assert done.status == 0, done
    facts, recipe, size, settings, times, *rows = done.out.splitlines()
    assert facts.startswith("pics: 24 images in color, 16 x 16 pixels, 1 cannot be read")
    assert recipe.startswith("recipe first: measured on photographs")
    assert "with others: second" in recipe
    assert size.startswith("size 8 x 8: as measured; 16 x 16 would be too slow")
    assert settings.startswith("settings: architecture dcgan, loss hinge, augmentations flip")
    assert times.startswith("of 60 s: ")
    shown = {row.split("  ")[0]: (*row.split(), row)[1:] for row in rows}
    assert shown["train.batch_size"][0] == "8"
    origins = {key: values[-1].split("  ")[-1].strip() for key, values in shown.items()}
    assert origins["train.batch_size"] == "command line"
    assert origins["augment.flip.name"] == "--augment flip"
    assert origins["architecture.base_channels"] == "recipe first"
    assert origins["train.images"] == origins["data.resolution"] == "plan"
    assert origins["dataset.path"] == "command line"
    assert "data.classes" not in origins or shown["data.classes"][0] == "[]"
    assert not (tmp_path / "runs").exists()


def test_a_plan_is_trained_evaluated_and_kept_as_a_settings_file(
    plan: Plan, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = plan("--run-dir", "run", budget="20s")
    assert done.status == 0, done
    assert done.out == "run\n"
    folder = tmp_path / "run"
    for shown in ("looking at images", "measuring the speed of dcgan", "recipe first"):
        assert shown in done.err
    assert "swd" in done.err.partition("baseline")[2]
    *_, samples, again = done.err.splitlines()
    assert (tmp_path / samples.removeprefix("samples: ")).is_file()
    file = tmp_path / "my_recipes.py"
    assert again.endswith(f"ganzoo train pics --plugin {file} --run-dir run --budget TIME")
    record = TimeRecord.read(folder)
    assert record
    assert record.images > 0
    assert (folder / "evaluations.jsonl").read_text().count("\n") == 1
    text = (folder / "plan.toml").read_text()
    assert text.startswith("# pics: 24 images")
    settings = tomllib.loads(text)
    assert settings["architecture"]["base_channels"] == 2
    explained = ganzoo_command("train", "run/plan.toml", "--plugin", "my_recipes.py", "--dry-run")
    assert explained.status == 0, explained


def test_the_evaluation_at_the_end_uses_the_threads_of_the_run(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def watched(*arguments: Any, **more: Any) -> Any:
        threads.append(torch.get_num_threads())
        return evaluate(*arguments, **more)

    monkeypatch.setattr(training, "evaluate", watched)
    torch.set_num_threads(2)
    assert plan("train.threads=1", budget="20s").status == 0
    assert threads == [1]
    assert torch.get_num_threads() == 2


def test_more_time_goes_on_with_the_same_run(plan: Plan, tmp_path: Path) -> None:
    assert plan("--run-dir", "run", budget="20s").status == 0
    record = TimeRecord.read(tmp_path / "run")
    assert record
    known: dict[str, Any] = {
        "images_per_second": 20.0,
        "seconds_per_step": 0.01,
        "start": 0.1,
        "evaluation": EvaluationCost(0.1),
    }
    replace(record, **known).write(tmp_path / "run")
    before = json.loads((tmp_path / "run" / "budget.json").read_text())
    done = plan("--run-dir", "run", budget="25s")
    assert done.status == 0, done
    assert f"run goes on: it has had {before['spent']:.0f} s" in done.err
    after = json.loads((tmp_path / "run" / "budget.json").read_text())
    assert after["images"] > before["images"]
    assert after["spent"] > before["spent"]
    assert (tmp_path / "run" / "evaluations.jsonl").read_text().count("\n") == 2
    other = plan(f"dataset.path={tmp_path}", "--run-dir", "run", budget="150s").error
    assert f"run has other images, with dataset.path={tmp_path / 'pics'}: name another" in other


@pytest.mark.parametrize("chosen", [(), ("--recipe", "first")])
def test_more_time_counts_from_the_newest_checkpoint(
    plan: Plan, tmp_path: Path, chosen: tuple[str, ...]
) -> None:
    assert plan("--run-dir", "run", budget="20s").status == 0
    checkpoint = max((tmp_path / "run" / "checkpoints").glob("step-*.json"))
    facts = json.loads(checkpoint.read_text())
    checkpoint.write_text(json.dumps(facts | {"images_seen": 5000}))  # as by ganzoo resume
    done = plan(*chosen, "--run-dir", "run", "--dry-run", budget="600s")
    assert done.status == 0, done
    assert "5,000 images" in done.out
    values = {row.split("  ")[0]: row.split()[1] for row in done.out.splitlines()[2:]}
    assert int(values["train.images"]) > 5000
    assert "train.epochs" not in values or values["train.epochs"] in ("None", "null")


def test_a_run_that_its_time_ends_is_evaluated(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = Speed(1e6, 1e-4, 0.1, 10)  # so that its length in images is never reached
    monkeypatch.setattr(measurements, "speed_of", lambda *_: fast)
    done = plan("--run-dir", "run", budget="4s")  # takes as long
    assert done.status == 0, done
    assert "seconds is reached: stopping after this step" in done.err
    assert (tmp_path / "run" / "evaluations.jsonl").read_text().count("\n") == 1


def test_more_time_is_planned_with_the_time_of_an_evaluation_that_training_has_made(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = EvaluationResult.read
    monkeypatch.setattr(
        EvaluationResult, "read", lambda path: [replace(each, seconds=7.0) for each in read(path)]
    )
    done = plan("evaluate.every=1000 epochs", "--run-dir", "run", budget="20s")
    assert done.status == 0, done
    record = TimeRecord.read(tmp_path / "run")
    assert record
    assert record.evaluation.fixed == 7.0
    assert (tmp_path / "run" / "evaluations.jsonl").read_text().count("\n") == 1


def test_more_time_that_is_too_short_says_how_much_is_needed_in_all(
    plan: Plan, tmp_path: Path
) -> None:
    assert plan("--run-dir", "run", budget="20s").status == 0
    record = TimeRecord.read(tmp_path / "run")
    assert record
    replace(record, evaluation=EvaluationCost(80.0)).write(tmp_path / "run")
    refused = plan("--run-dir", "run", budget="90s").error
    needed = "to go on with it, give a budget of "
    assert f"run has had {record.spent:.0f} s already: {needed}" in refused
    assert int(refused.partition(needed)[2].partition("s")[0]) > 90 + record.spent


def test_a_run_that_has_had_its_time_needs_more(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.toml").touch()
    TimeRecord(spent=100).write(tmp_path / "run")
    refused = plan("--run-dir", "run", budget="100s").error
    assert "run has had 100 s already: to go on with it, give a budget of 101s or more" in refused


def test_a_run_that_was_not_planned_is_not_continued(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert plan("--run-dir", "run", "--dry-run").status == 0  # an empty folder is free
    (tmp_path / "run" / "mine.txt").touch()
    assert "run exists already" in plan("--run-dir", "run").error


def test_the_components_may_be_the_users(
    ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = ganzoo_command(
        *("train", "blossoms", "dcgan", "hinge", "--budget", "60s", "--dry-run", "--device", "cpu"),
        *("--resolution", 8, "--batch-size", 4, "sample.every=7", "dataset.count=20"),
        *("architecture.base_channels=2", "architecture.latent_dim=4"),
    )
    assert done.status == 0, done
    facts, length, _, *rows = done.out.splitlines()
    assert facts == "blossoms: 20 images in color, 6 classes"
    assert length.startswith("length: ")
    values = {row.split("  ")[0]: row.split()[1] for row in rows}
    assert values["sample.every"] == "7"
    assert int(values["train.images"]) > 0


@pytest.mark.parametrize(
    "chosen", [("pics", "dcgan", "hinge"), ("pics", "--recipe", "first"), ("mine.toml",)]
)
def test_a_path_may_be_the_dataset_of_chosen_components(
    ganzoo_command: Ganzoo, images: Path, recipes: Callable[..., str], chosen: tuple[str, ...]
) -> None:
    plain = SETTINGS.replace("data.", "# data.")  # without settings for other images
    file = recipes({"first": "good"}, first=plain)
    Path("mine.toml").write_text(
        f'dataset.name = "image-folder"\ndataset.path = "{images}"\narchitecture = "dcgan"\n'
        'loss = "hinge"\n'
    )
    small = ("architecture.base_channels=2", "architecture.latent_dim=4", "--resolution", 8)
    done = ganzoo_command(
        *("train", *chosen, *small, "--batch-size", 4, "--plugin", file, "--device", "cpu"),
        *("--budget", "60s", "--dry-run"),
    )
    assert done.status == 0, done
    values = {row.split("  ")[0]: row.split()[1] for row in done.out.splitlines()[3:]}
    assert values["dataset.path"] == str(images)
    assert values["dataset.on_error"] == "skip"
    assert values["dataset.name"] == "image-folder/image-folder"
    assert values["loss.name"] == "adversarial/hinge"


def test_without_recipes_with_results_the_command_says_so(
    ganzoo_command: Ganzoo, images: Path, recipes: Callable[..., str]
) -> None:
    file = recipes({"first": ""})
    refused = ganzoo_command(
        "train", "pics", "--budget", "60s", "--plugin", file, "--disable-plugin", "recipes"
    ).error
    assert "no installed recipe has measured results to choose from" in refused


def test_damaged_results_and_impossible_recipes_are_left_out_with_the_reason(
    ganzoo_command: Ganzoo, images: Path, recipes: Callable[..., str]
) -> None:
    wrong = SETTINGS.replace("base_channels = 2", "width = 2")
    file = recipes({"one": "bad", "two": "damaged", "three": "good"}, three=wrong)
    done = ganzoo_command(
        *("train", "pics", "--budget", "60s", "--plugin", file, "--device", "cpu", "--dry-run")
    )
    assert done.status == 0, done
    assert "left out: recipe two: its files cannot be read: 0." in done.out
    assert "left out: recipe three: there is no setting architecture.width" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no dataset called nowhere, and no file or folder in"),
        (["pics", "dcgan"], "expected one dataset or path, or DATASET ARCHITECTURE LOSS"),
        ([], "expected one dataset or path, or DATASET ARCHITECTURE LOSS"),
        (["pics", "--steps", "5"], "--budget plans the length: leave out train.steps"),
        (["pics", "--devices", "2"], "--budget plans for one process: leave out train.devices"),
        (["pics", "train.lr=1"], "there is no setting train.lr"),
        (["networks.toml"], "which dataset?"),
    ],
)
def test_a_wrong_request_is_one_line(
    ganzoo_command: Ganzoo,
    images: Path,
    recipes: Callable[..., str],
    arguments: list[str],
    message: str,
) -> None:
    file = recipes({"first": "good"})
    Path("networks.toml").write_text('architecture = "dcgan"\n')
    done = ganzoo_command("train", *arguments, "--budget", "60s", "--plugin", file)
    assert done.status == 2
    assert message in done.err.splitlines()[-1]


@pytest.mark.parametrize("budget", ["soon", "1", "0.5s", "2000d"])
def test_a_wrong_time_is_refused(ganzoo_command: Ganzoo, budget: str) -> None:
    assert f"--budget {budget}: write " in ganzoo_command("train", "x", "--budget", budget).error


def test_too_little_time_is_refused_before_anything_is_written(plan: Plan, tmp_path: Path) -> None:
    done = plan(budget="1s")
    assert done.status == 2
    assert "is too short: " in done.err.splitlines()[-1]
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_stopped_run_says_how_it_goes_on(plan: Plan, tmp_path: Path) -> None:
    def interrupt() -> None:
        while not list((tmp_path / "run").glob("samples/*step-*")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    done = plan("--run-dir", "run", budget="1h")
    assert done.status == 75
    assert done.out == "run\n"
    assert done.err.splitlines()[-1].startswith("stopped; for the rest of the time: ganzoo train")
    assert not (tmp_path / "run" / "evaluations.jsonl").exists()


def test_in_python(images: Path, recipes: Callable[..., str], tmp_path: Path) -> None:
    file = recipes({"first": "good"})
    trained = ganzoo.train(
        str(images), budget="60s", plugins=file, run_dir=tmp_path / "run", quiet=True, device="cpu"
    )
    assert trained.step > 0
    assert (tmp_path / "run" / "plan.toml").is_file()
    with pytest.raises(RequestError, match="expected one dataset or path"):
        ganzoo.train(str(images), "dcgan", budget="4s", quiet=True)

"""The leaderboard in examples/: its entries and tracks, its command, its results and its page."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from tests.example_packages import EXAMPLES

HERE = EXAMPLES / "leaderboard"
DOCS = EXAMPLES.parent / "docs"
sys.path.insert(0, str(HERE))
leaderboard, measurement, page, recipe_files, timed_run, track = (
    importlib.import_module(name)
    for name in ("leaderboard", "measurement", "page", "recipe_files", "timed_run", "track")
)
ENTRIES = [track.Entry.read(name) for name in track.entry_names()]
TRACKS = [track.Track.read(name) for name in track.track_names()]
RESULTS = {
    each.name: measurement.read_results(HERE / "results" / f"{each.name}.json") for each in TRACKS
}
RECIPES = [(each, name) for each in TRACKS for name in each.recipes]
TINY_TRACK = """
title = "Drawn flowers, 8 x 8 pixels"
about = "Two seconds."
position = 0
images = "blossoms"
moments = [1, 2]
lengths = [2]

[settings]
dataset.name = "blossoms"
dataset.count = 64
data.resolution = 8
train.device = "cpu"
train.threads = 1

[evaluation]
extractor = "random"
samples = 16
real = 64
metrics = ["kid", "prdc"]
"""
TINY_ENTRY = """\
# Narrow networks.

[architecture]
name = "mlp"
width = 4

[loss]
name = "hinge"

[train]
images = 10_000_000
batch_size = 4
"""


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """The arguments of a small track with one entry; all files are below ``tmp_path``."""
    (tmp_path / "tiny.toml").write_text(TINY_TRACK)
    (tmp_path / "narrow.toml").write_text(TINY_ENTRY)
    folders = [f"--{name}={tmp_path / name}" for name in ("runs", "results", "docs")]
    return [str(tmp_path / "tiny.toml"), str(tmp_path / "narrow.toml"), *folders]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_can_be_trained_and_leaves_the_track_alone(entry: Any) -> None:
    settings = Settings()
    settings.read(entry.file)
    settings.override(track.Track.read("blossoms-32").assignments())
    run = Run.resolve(settings)
    assert (run.train.threads, run.data.resolution) == (1, 32)
    assert not {"dataset", "seed", "sample", "checkpoint", "evaluate"} & entry.settings.keys()
    assert not {"device", "threads", "max_time"} & entry.settings.get("train", {}).keys()
    assert "resolution" not in entry.settings.get("data", {})
    assert entry.comment.endswith(".")


@pytest.mark.parametrize("each", TRACKS, ids=lambda each: each.name)
def test_a_track_can_be_trained_and_measured(each: Any) -> None:
    settings = Settings()
    settings.read(HERE / "entries" / "dcgan-small.toml")
    settings.override(each.assignments())
    run = Run.resolve(settings)
    assert str(run.data.resolution) in each.title
    for kind, names in (
        ("metric", each.evaluation.metrics),
        ("extractor", [each.evaluation.extractor]),
    ):
        assert [Registry.discover().find(kind, name) for name in names]
    assert f"`{each.name}`" in (HERE / "README.md").read_text("utf-8")


def test_an_entry_whose_discriminator_has_other_features_is_marked() -> None:
    for entry in ENTRIES:
        assert bool(entry.mark) == (entry.settings["architecture"]["name"] == "projected")


def test_the_entries_of_a_special_track_are_not_those_of_the_others() -> None:
    names = {each.name: {entry.name for entry in each.chosen([])} for each in TRACKS}
    assert names["digits-32"] > {"digits", "digits-conditional"}
    assert names["flowers-32"] == names["blossoms-32"]
    assert not names["digits-32"] & names["flowers-32"]


# Three processes of ganzoo: two trainings and a benchmark.
@pytest.mark.timeout(300)
def test_the_command_trains_continues_measures_and_writes_the_page(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leaderboard.main([*tiny, "--until", "1"]) == 0
    first = timed_run.Notes.read(tmp_path / "runs" / "narrow")
    assert [moment.seconds for moment in first.moments] == [1]
    assert leaderboard.main([*tiny, "log.every=7"]) == 0
    notes = timed_run.Notes.read(tmp_path / "runs" / "narrow")
    assert notes.moments[0] == first.moments[0]
    assert notes.moments[1].step >= notes.moments[0].step
    assert notes.speed == first.speed
    (result,) = measurement.read_results(tmp_path / "results" / "tiny.json")
    assert [point.seconds for point in result.measured.points] == [1, 2]
    assert result.measured.extractor == "random"
    assert (result.measured.samples, result.measured.images.count) == (16, 64)
    assert {"kid", "prdc/recall"} <= result.measured.last.metrics.keys()
    assert result.settings == track.Entry.read(tiny[1]).identity
    text = (tmp_path / "docs" / "leaderboard.md").read_text("utf-8")
    assert "| **narrow**<br>Narrow networks. | ![Images of narrow](images/leaderboard/" in text
    file = tmp_path / "docs" / "images" / "leaderboard" / "tiny" / "narrow-2.webp"
    with Image.open(file) as grid:
        assert grid.width == 256

    def fail(*arguments: object) -> None:
        raise AssertionError("it trains again")

    monkeypatch.setattr(timed_run, "_start", fail)
    assert leaderboard.main(tiny) == 0
    assert (tmp_path / "docs" / "leaderboard.md").read_text("utf-8") == text
    (tmp_path / "narrow.toml").write_text(TINY_ENTRY.replace("width = 4", "width = 5"))
    assert leaderboard.main(tiny) == 1  # the folder has a run with other settings


def test_a_part_that_was_interrupted_starts_again_at_the_last_moment(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, small = track.Entry.read(tiny[1]), track.Track.read(tiny[0])
    checkpoints = tmp_path / "run" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (tmp_path / "run" / "run.toml").touch()

    def write(step: int) -> None:
        (checkpoints / f"step-{step:07}.pt").touch()
        (checkpoints / f"step-{step:07}.json").write_text(json.dumps({"images_seen": 4 * step}))

    write(5)
    write(7)  # of the part that was interrupted
    moment = timed_run.Moment(seconds=1, step=5, images_seen=20)
    timed_run.Notes(settings=entry.identity, moments=[moment]).write(tmp_path / "run")
    started = []

    def start(words: list[str], seconds: float, what: str) -> None:
        assert not (checkpoints / "step-0000007.pt").exists()
        started.append((words, seconds))
        write(9)

    monkeypatch.setattr(timed_run, "_start", start)
    reached = list(timed_run.train(small, entry, tmp_path / "run", 0, [1, 2], []))
    assert reached == [timed_run.Moment(seconds=2, step=9, images_seen=36)]
    assert started == [(["resume", str(tmp_path / "run"), "train.max_time=1 seconds"], 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flowers-33"], "there is no track flowers-33: write a file NAME.toml, or one of"),
        (["flowers-32", "dcgam"], "there is no entry dcgam: write a file NAME.toml, or one of"),
        (["flowers-32", "--until", "60"], "--until 60: the first moment is 120 s"),
        (["flowers-32", "--seeds", "0"], "--seeds 0: write 1 or more"),
        (["damaged.toml"], "damaged.toml cannot be read: "),
        (["falling.toml"], "falling.toml: moments: write them in rising order"),
        (["unknown.toml"], "unknown.toml: lengths: 3 is not one of the moments"),
        (["missing.toml"], "missing.toml: evaluation: Field required"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("damaged.toml").write_text("title = ")
    Path("falling.toml").write_text(TINY_TRACK.replace("[1, 2]", "[2, 1]"))
    Path("unknown.toml").write_text(TINY_TRACK.replace("lengths = [2]", "lengths = [3]"))
    Path("missing.toml").write_text(TINY_TRACK.partition("[evaluation]")[0])
    assert leaderboard.main([*arguments, "--docs", str(tmp_path / "docs")]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {message}")
    assert printed.count("\n") == 1
    assert not (tmp_path / "docs").exists()


def test_a_run_that_was_interrupted_before_its_first_moment_begins_again(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / "narrow"

    def interrupt(*arguments: object) -> None:
        folder.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(timed_run, "_start", interrupt)
    assert [leaderboard.main(tiny), leaderboard.main(tiny)] == [130, 130]
    names = [each.name for each in sorted(folder.parent.iterdir())]
    assert names == ["narrow-interrupted-1", "narrow-interrupted-2"]


def test_a_run_that_is_not_of_the_leaderboard_is_refused(
    tmp_path: Path, tiny: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs" / "narrow").mkdir(parents=True)
    (tmp_path / "runs" / "narrow" / "run.toml").touch()
    assert leaderboard.main(tiny) == 1
    assert "has no leaderboard.json: move the folder away" in capsys.readouterr().err


def result(entry: str, kid: float, seed: int = 0, mark: str = "") -> Any:
    """A result of the tiny track with this ``kid`` after two seconds."""
    metrics = {"kid": kid, "fd": 100 * kid, "prdc/precision": 0.5}
    return measurement.Result.model_validate(
        {
            **{"entry": entry, "comment": f"A {entry}.", "mark": mark, "settings": "0"},
            **{"ganzoo": "0.1.0", "commit": ""},
            "speed": {
                **{"parameters": {"generator": 10_000, "discriminator": 20_000}},
                **{"operations_per_image": 3e6, "matrix_product": 1e11},
            },
            "measured": {
                "images": {"name": "blossoms", "count": 64, "shape": (3, 8, 8), "identity": "ab"},
                "machine": {"name": "a processor", "operations_per_second": 1e11},
                **{"extractor": "random", "samples": 16, "real": 64, "seed": seed},
                "baselines": {"kid": 0.001},
                "points": [{"images_seen": 1000, "seconds": 2, "metrics": metrics}],
            },
        }
    )


def test_the_best_entry_is_first_and_seeds_have_a_mean_and_a_spread(
    tmp_path: Path, tiny: list[str]
) -> None:
    small = track.Track.read(tiny[0])
    runs = [result("one", 0.5), result("two", 0.2), result("two", 0.4, 1), result("three", 0.1)]
    for run in [*runs, result("three", 0.35, mark="trained on other images.")]:  # the last counts
        measurement.add_result(tmp_path / "results" / "tiny.json", run)
    text = page.page(tmp_path / "results", tmp_path / "images", [small])
    table = text.split("### tiny after 2 s")[1].split("### ")[0]
    names = re.findall(r"^\| \*\*(\w+)\*\*( †)?<br>", table, re.MULTILINE)
    assert names == [("two", ""), ("three", " †"), ("one", "")]
    assert "0.300 ± 0.141" in table
    assert "Means and standard deviations of 1 to 2 seeds." in table
    assert "† trained on other images." in table
    assert "| *real images* |  | 0.00100 |" in table
    assert "| two | 0.300 | 500 | 0.01, 0.02 | 0.003 |" in text


@pytest.mark.parametrize("name", [name for name in RESULTS if RESULTS[name]])
def test_results_are_of_the_settings_that_the_entries_have(name: str) -> None:
    settings = {entry.name: entry.identity for entry in ENTRIES}
    for each in RESULTS[name]:
        assert each.settings == settings[each.entry], f"measure {each.entry} again"
        assert each.measured.extractor == track.Track.read(name).evaluation.extractor


def test_the_page_is_up_to_date() -> None:
    text = (DOCS / "leaderboard.md").read_text("utf-8")
    made = page.page(HERE / "results", DOCS / "images" / "leaderboard")
    assert text == made, "run `python examples/leaderboard/leaderboard.py`"


def test_each_grid_is_small_and_shown() -> None:
    text = (DOCS / "leaderboard.md").read_text("utf-8")
    for file in (DOCS / "images" / "leaderboard").rglob("*.webp"):
        assert file.relative_to(DOCS).as_posix() in text
        assert file.stat().st_size < 30_000
        with Image.open(file) as grid:
            assert grid.width == 256


@pytest.mark.parametrize(("each", "name"), RECIPES, ids=lambda value: getattr(value, "name", value))
def test_a_recipe_has_settings_results_and_images_of_the_best_entry(each: Any, name: str) -> None:
    recipe: Any = Registry.discover().find("recipe", name).component
    found = recipe_files.best(each, RESULTS[each.name], each.recipes[name])
    if not found:
        assert not recipe.read_results()
        return
    runs, seconds = found
    assert recipe.read() == recipe_files.settings_text(each, each.recipes[name], runs, seconds)
    assert recipe.read_results() == tuple(run.measured for run in runs)
    grid = DOCS / "images" / "recipes" / f"{name}.webp"
    assert (
        grid.read_bytes()
        == measurement.grid_file(
            DOCS / "images" / "leaderboard", each.name, runs[0].entry, seconds
        ).read_bytes()
    )


def test_a_recipe_is_never_that_of_a_marked_entry(tiny: list[str]) -> None:
    source = track.RecipeSource(comment="Tiny.", seconds=2, dataset={"name": "blossoms"})
    dcgan = track.Entry.read("dcgan-small")
    known = {"settings": dcgan.identity}
    fair = result("dcgan-small", 0.4).model_copy(update=known)
    stale = result("mlp", 0.1)
    marked = result("dcgan-small", 0.1, mark="Features.").model_copy(update=known)
    small = track.Track.read(tiny[0])
    assert recipe_files.best(small, [stale, marked, fair], source) == ([fair], 2)
    assert recipe_files.best(small, [stale, marked], source) is None


def test_a_recipe_is_that_of_the_images_with_most_results(tiny: list[str]) -> None:
    source = track.RecipeSource(comment="Tiny.", seconds=2, dataset={"name": "blossoms"})
    known = {
        name: result(name, kid).model_copy(update={"settings": track.Entry.read(name).identity})
        for name, kid in (("dcgan-small", 0.4), ("mlp", 0.5), ("dcgan", 0.1))
    }
    measured = known["dcgan"].measured
    images = measured.images.model_copy(update={"identity": "others"})
    other = measured.model_copy(update={"images": images})
    known["dcgan"] = known["dcgan"].model_copy(update={"measured": other})
    small = track.Track.read(tiny[0])
    best = recipe_files.best(small, [*reversed(known.values())], source)
    assert best == ([known["dcgan-small"]], 2)


def test_an_entry_with_a_bundled_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dcgan.toml").write_text(TINY_ENTRY)
    with pytest.raises(RequestError, match="has the name of the entry dcgan, whose results"):
        track.Entry.read(str(tmp_path / "dcgan.toml"))
    assert track.Entry.read(str(HERE / "entries" / "dcgan.toml")).name == "dcgan"


@pytest.mark.parametrize(
    "file", [HERE / "README.md", DOCS / "leaderboard.md"], ids=lambda f: f.name
)
def test_the_documented_commands_are_valid(file: Path) -> None:
    text = file.read_text("utf-8")
    lines = re.findall(r"^python (examples/leaderboard/.+)$", text, re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(line.replace("NAME", "dcgan-small"))
        assert leaderboard.plan(leaderboard.parser().parse_intermixed_args(words[1:]))

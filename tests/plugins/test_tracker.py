from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ganzoo
import ganzoo_tracker
from ganzoo import ObservedRun, RunFolder, Score
from ganzoo.testing import check_plugin
from ganzoo_tracker import TrackerOptions
from ganzoo_tracker.tracker import Tracker, Trackio, WeightsAndBiases
from tests.evaluations import evaluated

GRID = np.zeros((4, 6, 3), np.uint8)


class Library(SimpleNamespace):
    """Stands for either library, and records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[dict[str, Any]] = []
        self.logged: list[tuple[int, dict[str, Any]]] = []
        self.finished = 0

    def init(self, **arguments: Any) -> Library:
        print("the library is talkative")
        self.calls.append(arguments)
        return self

    def log(self, values: dict[str, Any], step: int) -> None:
        self.logged.append((step, values))

    def finish(self) -> None:
        print("the library is talkative")
        self.finished += 1

    def Image(self, image: Any) -> tuple[str, tuple[int, int]]:  # noqa: N802 - its name
        return image.mode, image.size

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802 - its name
        return settings


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    for name in ("wandb", "trackio"):
        monkeypatch.setitem(sys.modules, name, made)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "true")
    monkeypatch.setenv("TRACKIO_SPACE_ID", "someone/space")
    return made


KINDS = pytest.mark.parametrize("kind", [WeightsAndBiases, Trackio])


def tracker(kind: type[Tracker], folder: Path, step: int = 0, **options: Any) -> Tracker:
    run = ObservedRun(folder=RunFolder(folder), step=step, resumed=step > 0, settings={"seed": 1})
    return kind(TrackerOptions(**options), run=run)


@KINDS
def test_reports_evaluations_and_grids_are_logged_by_their_step(
    kind: type[Tracker], library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tracker(kind, tmp_path, project="flowers")
    made.on_report(10, {"loss/generator": 1.0})
    made.on_images("real", 0, 0.0, GRID)
    made.on_images("samples", 10, 0.5, GRID)
    made.on_images("samples", 20, 0.5, GRID[..., :1])
    made.on_images("samples", 30, 0.5, np.zeros((4, 6, 5), np.uint8))
    score = Score(0.5, 8, 0.25, 4, "low", False)
    made.on_evaluation_end(evaluated(30, {"kid": score}))
    made.on_end()
    assert library.logged == [
        (10, {"loss/generator": 1.0}),
        (10, {"samples": ("RGB", (6, 4))}),
        (20, {"samples": ("L", (6, 4))}),
        (30, {"samples": ("RGB", (6, 4))}),
        (30, {"metric/kid": 0.5, "metric baseline/kid": 0.25}),
    ]
    assert library.finished == 1
    (call,) = library.calls
    assert (call["project"], call["config"]) == ("flowers", {"seed": 1})
    assert call["name"].startswith(tmp_path.name)
    assert capsys.readouterr().out == "" or kind is WeightsAndBiases


@KINDS
def test_a_resumed_run_continues_the_same_run_and_logs_no_step_twice(
    kind: type[Tracker], library: Library, tmp_path: Path
) -> None:
    first = tracker(kind, tmp_path)
    for step in (10, 20, 30):
        first.on_report(step, {"loss": step})
    first.on_images("samples", 20, 0.5, GRID)  # then it is killed
    second = tracker(kind, tmp_path, step=20)
    second.on_report(30, {"loss": 30})
    second.on_images("samples", 30, 0.5, GRID)
    second.on_report(40, {"loss": 40})
    steps = [(step, *values) for step, values in library.logged]
    assert steps == [
        *((10, "loss"), (20, "loss"), (30, "loss"), (20, "samples")),
        *((30, "samples"), (40, "loss")),
    ]
    identity = "id" if kind is WeightsAndBiases else "name"
    before, after = library.calls
    assert before[identity] == after[identity]
    assert {before["resume"], after["resume"]} == {"allow"}
    tracker(kind, tmp_path)
    assert library.calls[2][identity] != before[identity], "a new run in the same folder"


@pytest.mark.parametrize(("every", "logged"), [(0, []), (1, [1, 2, 3, 4, 5]), (2, [1, 3, 5])])
def test_every_nth_grid_is_logged(
    every: int, logged: list[int], library: Library, tmp_path: Path
) -> None:
    made = tracker(Trackio, tmp_path, images_every=every)
    for step in range(1, 6):
        made.on_images("samples", step, 0.0, GRID)
    assert [step for step, _ in library.logged] == logged


def test_nothing_leaves_the_machine_unless_offline_is_false(
    library: Library, tmp_path: Path
) -> None:
    tracker(WeightsAndBiases, tmp_path, offline=False)
    tracker(Trackio, tmp_path, offline=False)
    assert library.calls[0]["mode"] == "online"
    assert os.environ["WANDB_ERROR_REPORTING"] == "true"
    assert os.environ["TRACKIO_SPACE_ID"] == "someone/space"
    tracker(WeightsAndBiases, tmp_path)
    tracker(Trackio, tmp_path)
    assert library.calls[2]["mode"] == "offline"
    assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    assert "TRACKIO_SPACE_ID" not in os.environ


def test_the_plugin_passes_the_checks(library: Library) -> None:
    check_plugin(ganzoo_tracker)


def test_a_missing_library_is_named_and_the_run_goes_on(
    tiny: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    arguments = tiny(settings={"observe.tracker": "wandb"}, quiet=False)
    assert ganzoo.train(**arguments).folder.is_dir()
    assert (
        'the observer wandb needs wandb: pip install "ganzoo-toolkit[wandb]"; the run goes on '
        "without this observer"
    ) in " ".join(capsys.readouterr().err.split())


# --- The libraries themselves, which `nox -s trackers` installs ----------------------------------


@pytest.fixture
def only_local_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections of this process to other machines."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


@pytest.fixture(scope="session")
def trackio_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Trackio stores runs; it reads the variable when it is imported."""
    folder = tmp_path_factory.mktemp("trackio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKIO_DIR", str(folder))
        yield folder


def trained_in_two_parts(
    library: str, tiny: Callable[..., dict[str, Any]], stopped: Callable[..., Path]
) -> Path:
    """A run of four steps: stopped after two, resumed from step 1, which repeats step 2."""
    settings = {"observe.tracker": library, "log.every": 1, "sample.every": 2, "checkpoint.keep": 9}
    settings |= {"checkpoint.every": 1, "observe.tracker.project": "tests"}
    folder = stopped(tiny(settings=settings, steps=4), 2)
    for file in (folder / "checkpoints").glob("*2*"):
        file.unlink()
    ganzoo.resume(folder, quiet=True)
    return folder


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("only_local_connections")
def test_trackio_has_each_step_once(
    tiny: Callable[..., dict[str, Any]], stopped: Callable[..., Path], trackio_folder: Path
) -> None:
    storage: Any = pytest.importorskip("trackio.sqlite_storage").SQLiteStorage
    folder = trained_in_two_parts("trackio", tiny, stopped)
    name = f"run-{json.loads((folder / 'trackio.json').read_text())['id']}"
    assert storage.get_runs("tests") == [name]
    rows = storage.get_logs("tests", name)
    assert [row["step"] for row in rows if "loss/generator" in row] == [1, 2, 3, 4]
    assert [row["step"] for row in rows if "samples" in row] == [0, 2, 4]
    assert len([*(trackio_folder / "media").rglob("*.png")]) == 3


def records(log: bytes) -> Iterator[bytes]:
    """The records in a file of wandb, which has the format of LevelDB's logs."""
    whole, first, last = 1, 2, 4
    at, record = 7, b""
    while at + 7 <= len(log):
        if 2**15 - at % 2**15 < 7:  # a block ends with zeros where no header fits
            at += -at % 2**15
            continue
        size, kind = int.from_bytes(log[at + 4 : at + 6], "little"), log[at + 6]
        piece = log[at + 7 : at + 7 + size]
        at += 7 + size
        record = piece if kind in (whole, first) else record + piece
        if kind in (whole, last):
            yield record


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("only_local_connections")
def test_wandb_has_each_step_once(
    tiny: Callable[..., dict[str, Any]], stopped: Callable[..., Path]
) -> None:
    proto: Any = pytest.importorskip("wandb.proto.wandb_internal_pb2")
    folder = trained_in_two_parts("wandb", tiny, stopped)
    files = sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))
    assert len(files) == 2, "one for each start, which `wandb sync` joins"
    identity = json.loads((folder / "wandb.json").read_text())["id"]
    assert {file.stem for file in files} == {f"run-{identity}"}
    logged: dict[str, list[int]] = {"loss/generator": [], "samples": []}
    for file in files:
        for data in records(file.read_bytes()):
            record = proto.Record.FromString(data)
            keys = {[*item.nested_key, item.key][0] for item in record.history.item}
            for key in logged:
                if key in keys:
                    logged[key].append(record.history.step.num)
    assert logged == {"loss/generator": [1, 2, 3, 4], "samples": [0, 2, 4]}

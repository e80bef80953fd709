"""Kinds of inputs that are settings, files of a run folder, checkpoints or lists of addresses."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w
import torch

from ganzoo.cli.request import Arguments
from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.json_lines import JsonLinesFile
from ganzoo.registry import Registry
from ganzoo.run import Run, plugin_files
from ganzoo.settings import Settings
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.space import Choice, Range, Space
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import trials
from ganzoo.training.checkpoint_file import read
from ganzoo_fetch.addresses import parse
from ganzoo_fetch.failure import Failed
from ganzoo_fetch.fetch_log import FetchLog, Outcome
from ganzoo_fetch.lists import Entry, Keys, read_list
from ganzoo_fetch.tables import write_tables
from tests.torture.input_kind import InputKind

# Settings.

_SETTINGS = """
dataset = "blossoms"
seed = 3
plugins = []

[architecture]
name = "dcgan"
base_channels = 8

[loss]
name = "wgan"
clip = 0.5

[augment.flip]
[augment.jump]
name = "shift"
apply_to = "all"

[data]
resolution = "16x8"
classes = ["a", "b"]

[train]
steps = 100
generator.lr = 1e-4
generator.betas = [0.0, "constant 0.9 for 50 images then 0.9 -> 0.99 log over 5_000 images"]

[regularize.r1]
gamma = "5 -> 40 linear over 200000 images"

[evaluate]
every = 50

[checkpoint]
every = "2 epochs"
"""
_GROWING = """
dataset.name = "image-folder"
dataset.path = "images"
architecture.name = "progressive"
loss.name = "hinge"
data = { resolution = 32, channels = 1 }
growth = { start = 4, batch_size = { 16 = 8, 32 = 4 }, lr_factor.32 = 1.5 }
"""


@cache
def _registry() -> Registry:
    return Registry.discover()


def _check_settings(settings: Settings, *, recommend: bool = True) -> Run:
    """Resolve settings, and check that they are stored without a change."""
    plugin_files(settings)
    run = Run.resolve(settings, _registry(), recommend=recommend)
    kept = Settings()
    kept.parse(tomli_w.dumps(run.tree()).encode().decode(), "run.toml")
    assert Run.resolve(kept, _registry(), recommend=False).tree() == run.tree()
    return run


def _read_settings(folder: Path, content: bytes) -> None:
    (folder / "a.toml").write_bytes(content)
    settings = Settings()
    settings.read(folder / "a.toml")
    _check_settings(settings)


def _words() -> list[bytes]:
    return [
        b"blossoms\ndcgan\nwgan\nloss.clip=0.5\ntrain.generator.betas=[0, 0.9]\n"
        b'data.classes=rose+tulip,aster\naugment.flip=true\nseed=3\ntrain={"epochs": 2}\n'
        b"train.generator.lr=2e-4 -> 0 cosine\nregularize.gradient-penalty=false\n"
        b"dataset.count=20\narchitecture.base_channels=8\ncheckpoint.every=2 epochs",
    ]


def _read_words(folder: Path, content: bytes) -> None:
    # An argument of a process cannot contain a NUL.
    words = Arguments.of([os.fsdecode(word) for word in content.replace(b"\0", b"").split(b"\n")])
    settings = Settings()
    for file in words.files:
        settings.read(Path(file))
    for kind, name in words.components.items():
        settings.set(kind, name, "command line")
    settings.override(words.assignments)
    _check_settings(settings)


# Files of a run folder.


def _run() -> Run:
    settings = Settings()
    settings.parse(_SETTINGS, "sample")
    return _check_settings(settings)


def _read_run(folder: Path, content: bytes) -> None:
    (folder / "run.toml").write_bytes(content)
    _check_settings(stored_settings(folder), recommend=False)


def _read_environment(folder: Path, content: bytes) -> None:
    run = RunFolder(folder)
    run.environment.write_bytes(content)
    before = len(run.sessions())
    run.add_session({"device": "cpu"})
    assert run.sessions()[before:] == [{"device": "cpu"}]


def _sessions() -> list[bytes]:
    facts = {"started": "2026-01-01T00:00:00", "versions": {"torch": "2.10"}, "threads": 2}
    return [json.dumps({"sessions": [facts, facts]}, indent=2).encode()]


def _reports() -> list[bytes]:
    report = {"step": 5, "images_seen": 40, "speed/images_per_second": 9.5, "loss/generator": 0.25}
    return ["".join(f"{json.dumps({**report, 'step': step})}\n" for step in (1, 5, 9)).encode()]


def _read_reports(folder: Path, content: bytes) -> None:
    """Read it as a sweep does for its results, and as a resumed run does."""
    sweep = Sweep(folder, trials([{}], [_run()]))
    run = RunFolder(folder / sweep.trials[0].name)
    run.path.mkdir()
    run.metrics.write_bytes(content)
    (result,) = sweep.results()
    json.dumps(result.scalars)
    file = JsonLinesFile(run.metrics, step=9)
    file.write(10, json.dumps({"step": 10, "images_seen": 80, "loss/generator": 0.5}))
    file.close()
    last = json.loads(run.metrics.read_text("utf-8").splitlines()[-1])
    assert last == {"step": 10, "images_seen": 80, "loss/generator": 0.5}


def _sweep() -> list[bytes]:
    with TemporaryDirectory() as folder:
        new = trials([{"seed": "1"}, {"seed": "2"}], [_run(), _run()])
        Sweep.create(Path(folder, "sweep"), new)
        grid = Path(folder, "sweep", "sweep.json").read_bytes()
    space: Space = {
        "train.generator.lr": Range(1e-5, 1e-2, False, True, None),
        "loss": Choice(("a",)),
    }
    search = Search("tpe", 5, 0, "kid", "low", space, {"dataset": "blossoms"})
    return [grid, json.dumps(search.as_dict()).encode()]


def _read_sweep(folder: Path, content: bytes) -> None:
    (folder / "sweep.json").write_bytes(content)
    sweep = Sweep.open(folder)
    for trial in sweep.trials:
        settings = Settings()
        settings.add(trial.settings, "sweep.json")
        _check_settings(settings, recommend=False)
    for result in sweep.results():
        assert Path(result.folder).parent == folder


# Checkpoints.

_STEP = 7


def _state() -> dict[str, Any]:
    random = torch.Generator().manual_seed(0)
    weights = {f"{n}.weight": torch.randn(4, 3, generator=random) for n in range(3)}
    moments = {n: {"step": torch.tensor(7.0), "exp_avg": torch.ones(4, 3)} for n in range(2)}
    return {
        "step": _STEP,
        "images_seen": 56,
        "class_names": ["rose", "tulip"],
        "generator": weights,
        "generator_ema": {**weights, "running": torch.zeros(3, dtype=torch.int64)},
        "optimizer": {"state": moments, "param_groups": [{"lr": 1e-4, "betas": (0.5, 0.9)}]},
    }


def _saved(folder: Path) -> Path:
    from ganzoo.training.checkpoint import Checkpoints

    return Checkpoints(folder, 3).save(_state())


@cache
def _checkpoint(suffix: str) -> list[bytes]:
    with TemporaryDirectory() as folder:
        return [_saved(Path(folder)).with_suffix(suffix).read_bytes()]


def _read_checkpoint(suffix: str, folder: Path, content: bytes) -> None:
    path = _saved(folder)
    path.with_suffix(suffix).write_bytes(content)
    state = read(path)
    assert all(_equal(state[name], value) for name, value in _state().items())


def _read_checkpoint_with_checksum(folder: Path, content: bytes) -> None:
    """A checkpoint whose checksum fits the broken content; it may contain other values."""
    path = folder / f"step-{_STEP:07}.pt"
    about = json.loads(_checkpoint(".json")[0])
    about |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(about), "utf-8")
    path.write_bytes(content)
    assert isinstance(read(path), dict)


def _equal(found: Any, saved: Any) -> bool:
    """Whether two states are equal bit by bit."""
    if isinstance(saved, torch.Tensor):
        return found.dtype == saved.dtype and torch.equal(found, saved)
    if isinstance(saved, dict):
        return found.keys() == saved.keys() and all(_equal(found[k], saved[k]) for k in saved)
    if isinstance(saved, list):
        return len(found) == len(saved) and all(map(_equal, found, saved))
    return bool(found == saved)


# Fetching.


def _lists() -> list[bytes]:
    rows = [
        {"url": f"https://a.example/{n}.png#x", "description": f'a "{n}"', "label": n}
        for n in range(4)
    ]
    return [
        json.dumps(rows).encode(),
        "".join(f"{json.dumps(row)}\n" for row in rows).encode(),
        b'url,description,label\nhttps://a.example/1,"a, ""b""",0\nhttps://b.example/2,,1\n',
        b"url;description;label\nhttps://a.example/1;a;0\nhttp://b.example:81/2;b;1\n",
        b"# flowers\nhttps://a.example/1.png # one\n\nhttps://b.example/2?a=b#c\n",
    ]


def _read_list(folder: Path, content: bytes) -> None:
    (folder / "list").write_bytes(content)
    entries, _ = read_list(folder / "list", Keys())
    with FetchLog.opened(folder / "out") as ledger:
        for entry in entries[:50]:
            try:
                assert parse(entry.address).host
                ledger.add(Outcome(entry.address, f"{'0' * 64}.png"))
            except Failed as error:
                ledger.add(Outcome.failed(entry.address, error))
        write_tables(ledger, entries, labeled=True)
    assert all(isinstance(text, str) for entry in entries for text in entry)


def _outcomes() -> list[bytes]:
    rows = [
        {"address": "https://a.example/1", "file": f"{'0' * 64}.png"},
        {"address": "https://a.example/2", "reason": "too slow", "detail": "", "passes": "later"},
    ]
    return ["".join(f"{json.dumps(row)}\n" for row in rows).encode()]


def _read_ledger(folder: Path, content: bytes) -> None:
    """An added outcome is found, whatever the file contains; a missing image is not."""
    (folder / "fetched.jsonl").write_bytes(content)
    known = [f"https://a.example/{number}" for number in (1, 2, 3)]
    new = Outcome(known[-1], reason="too large", passes="later")
    for _ in range(2):
        with FetchLog.opened(folder) as ledger:
            for outcome in filter(None, map(ledger.outcome, known)):
                assert not outcome.file
                assert outcome.passes in ("soon", "later", "never")
            write_tables(ledger, [Entry(address) for address in known], labeled=False)
            ledger.add(new)
    with FetchLog.opened(folder) as ledger:
        assert ledger.outcome(known[-1]) == new


def _text(name: str, samples: Callable[[], list[bytes]], read: Callable[..., None]) -> InputKind:
    return InputKind(name, samples, read, is_text=True)


KINDS = (
    _text("settings file", lambda: [_SETTINGS.encode(), _GROWING.encode()], _read_settings),
    _text("command line", _words, _read_words),
    _text("run.toml", lambda: [tomli_w.dumps(_run().tree()).encode()], _read_run),
    _text("environment.json", _sessions, _read_environment),
    _text("metrics.jsonl", _reports, _read_reports),
    _text("sweep.json", _sweep, _read_sweep),
    InputKind("checkpoint", partial(_checkpoint, ".pt"), partial(_read_checkpoint, ".pt")),
    InputKind(
        "checkpoint with checksum", partial(_checkpoint, ".pt"), _read_checkpoint_with_checksum
    ),
    _text("checkpoint's .json", partial(_checkpoint, ".json"), partial(_read_checkpoint, ".json")),
    _text("list of addresses", _lists, _read_list),
    _text("fetched.jsonl", _outcomes, _read_ledger),
)
"""All kinds of inputs in this module."""

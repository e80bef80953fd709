from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ganzoo.folders import RunFolder
from ganzoo.observers.files import Journal, SampleFiles


def steps(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_a_reopened_journal_continues_after_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    first = Journal(path, step=0)
    for step in (10, 20, 30):
        first.on_report(step, {"loss": 0.5})
    first.on_end()
    second = Journal(path, step=20)
    second.on_report(30, {"loss": 0.25})
    second.on_end()
    assert steps(path) == [10, 20, 30]
    assert json.loads(path.read_text().splitlines()[2])["loss"] == 0.25


def test_an_incomplete_line_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 10}\n{"step": 20, "lo')
    Journal(path, step=20).on_end()
    assert steps(path) == [10]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sample_grids_are_named_by_step(tmp_path: Path) -> None:
    sample_files = SampleFiles(RunFolder(tmp_path))
    sample_files.on_images("samples", 12, 0.5, np.zeros((4, 4, 3), np.uint8))
    sample_files.on_images("real", 0, 0.5, np.zeros((4, 4, 1), np.uint8))
    assert names(tmp_path / "samples") == ["real.png", "step-0000012.png"]


def test_sample_grids_by_epoch_are_named_by_epoch(tmp_path: Path) -> None:
    sample_files = SampleFiles(RunFolder(tmp_path), by_epoch=True)
    sample_files.on_images("samples", 1200, 10.04, np.zeros((4, 4, 3), np.uint8))
    assert names(tmp_path / "samples") == ["epoch-0010-step-0001200.png"]

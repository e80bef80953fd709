"""The steps that are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.benchmark.steps import Steps
from ganzoo.training.engine import Engine
from tests.benchmark.conftest import Resolved


def test_a_cycle_contains_each_phase(resolved: Resolved) -> None:
    run = resolved("regularize.r1.every=4", "regularize.path.name=r2", "regularize.path.every=6")
    assert Steps(run, Engine(run.train)).cycle == 12


def test_all_real_images_of_a_step_are_counted(resolved: Resolved) -> None:
    run = resolved("train.discriminator.steps=3")
    steps = Steps(run, Engine(run.train))
    steps.make(2)
    assert steps.images == 12
    assert steps.loop.progress.images_seen == 24


def test_networks_that_grow_are_at_their_last_stage(resolved: Resolved) -> None:
    run = resolved("architecture=growing-mlp", "growth.batch_size.8=2")
    steps = Steps(run, Engine(run.train))
    steps.make(1)
    point = steps.assembly.setup.point
    assert (point.stage.image_shape.height, point.fade) == (8, 1.0)
    assert steps.images == 2


def test_no_files_are_written_however_often_they_are_due(
    resolved: Resolved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    every = ("sample.every=1", "checkpoint.every=1", "checkpoint.keep_every=1", "log.every=1")
    run = resolved(*every, "evaluate.every=1", "train.steps=1")
    Steps(run, Engine(run.train)).make(2)
    assert not list(tmp_path.iterdir())

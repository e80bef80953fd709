"""Runs of which some settings are schedules."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import ganzoo
from ganzoo import Schedule
from tests.program_objects import same_weights

Arguments = Callable[..., dict[str, Any]]

SCHEDULES: dict[str, Any] = {
    "train.generator.lr": "1e-3 -> 0 cosine over 64 images",
    "train.discriminator.betas": [0.5, "0.9 -> 0.99 linear over 64 images"],
    "train.ema.half_life": "10 -> 100 log over 64 images",
    "loss.drift": "constant 0 for 16 images then 0 -> 1 linear over 48 images",
    "regularize.gradient-penalty.weight": "10 -> 1 linear over 64 images",
    "augment.rotate.degrees": "0 -> 90 linear over 64 images",
}
"""Schedules over the images of four steps."""


def test_a_run_with_schedules_resumes_exactly(tiny: Arguments) -> None:
    given: dict[str, Any] = {"loss": "wgan-gp", "settings": SCHEDULES}
    uninterrupted = ganzoo.train(**tiny("uninterrupted", **given, steps=4))
    half = ganzoo.train(**tiny("half", **given, steps=2))
    assert same_weights(ganzoo.resume(half.folder, steps=4, quiet=True), uninterrupted)


@pytest.mark.parametrize("key", SCHEDULES)
def test_every_schedule_changes_the_weights(tiny: Arguments, key: str) -> None:
    given: dict[str, Any] = {"loss": "wgan-gp", "augment": "rotate", "steps": 3}
    start: dict[str, Any] = {
        k: Schedule.parse(v).parts[0].start for k, v in SCHEDULES.items() if "betas" not in k
    }
    start |= {"train.discriminator.betas": [0.5, 0.9], "train.ema.rampup": 0}
    constant = ganzoo.train(**tiny("constant", **given, settings=start))
    changing = {**start, key: SCHEDULES[key]}
    assert not same_weights(ganzoo.train(**tiny("run", **given, settings=changing)), constant)


def test_reports_contain_the_values_of_schedules(tiny: Arguments) -> None:
    settings = {"train.generator.lr": "1e-3 -> 0 cosine", "log.every": 1}
    run = ganzoo.train(**tiny(settings=settings, steps=4))
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    rates = [json.loads(line)["schedule/train.generator.lr"] for line in lines]
    assert rates == pytest.approx([1e-3, 8.536e-4, 5e-4, 1.464e-4], rel=1e-3)

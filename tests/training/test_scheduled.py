"""Options that are schedules over images seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.stopping import Stopping
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]

SCHEDULES = {
    "train.generator.lr": "2e-4 -> 0 cosine",
    "train.generator.betas": ["0.0 -> 0.5 linear", 0.9],
    "train.ema.half_life": "100 -> 1000 linear",
    "loss.b": "1 -> 0.5 linear over 32 images",
    "regularize.r1.gamma": "constant 5 for 32 images then 5 -> 40 log over 32 images",
    "regularize.lecam.weight": "0.1 -> 0.3 linear",
    "augment.rotate.degrees": "0 -> 30 linear",
}
"""Schedules for every kind of component that may have one, and for training."""


def state(folder: Path) -> dict[str, Any]:
    return Checkpoints(folder / "checkpoints", 3).load()


def reports(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def scheduled(tiny: Arguments) -> Callable[[str], dict[str, Any]]:
    """The arguments of a run of six steps of two updates with eight images each."""

    def arguments(name: str) -> dict[str, Any]:
        settings = {**SCHEDULES, "log.every": 1}
        more = {"settings": settings, "loss": "lsgan", "steps": 6}
        return tiny(name, **more)

    return arguments


def test_a_run_with_schedules_is_exact_wherever_it_is_stopped(
    scheduled: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = ganzoo.train(**scheduled("straight")).folder
    for stop in (1, 3):
        with monkeypatch.context() as patch:
            answers = iter([False] * stop + [True])
            patch.setattr(Stopping, "__call__", lambda self, answers=answers: next(answers))
            stopped = ganzoo.train(**scheduled(f"stopped-{stop}")).folder
        assert state(stopped)["step"] == stop
        ganzoo.resume(stopped, quiet=True)
        assert same(state(stopped), state(straight))


def test_the_values_in_force_are_used_and_reported(
    scheduled: Callable[[str], dict[str, Any]],
) -> None:
    folder = ganzoo.train(**scheduled("run")).folder
    seen = {
        key.removeprefix("schedule/"): [line[key] for line in reports(folder)]
        for key in reports(folder)[0]
        if key.startswith("schedule/")
    }
    assert seen["augment.rotate.degrees"] == pytest.approx([0, 5, 10, 15, 20, 25])
    assert seen["loss.b"] == pytest.approx([1, 0.75, 0.5, 0.5, 0.5, 0.5])
    assert seen["regularize.r1.gamma"] == pytest.approx([5, 5, 5, 5 * 8**0.5, 40, 40])
    assert seen["train.generator.betas.0"] == pytest.approx([i / 12 for i in range(6)])
    last = state(folder)["state"]["optimizers"]["generator"]["optimizer"]["param_groups"][0]
    assert last["lr"] == pytest.approx(seen["train.generator.lr"][-1])
    assert last["betas"] == pytest.approx((seen["train.generator.betas.0"][-1], 0.9))


def test_a_component_that_is_built_again_keeps_its_state(
    scheduled: Callable[[str], dict[str, Any]],
) -> None:
    folder = ganzoo.train(**scheduled("run")).folder
    average = state(folder)["state"]["regularize.lecam"]["real_average"]
    assert average != 0
    scores = [line["scores/real"] for line in reports(folder)]
    assert abs(float(average)) < 0.2 * max(map(abs, scores))  # 12 updates with a decay of 0.99


def test_a_schedule_of_the_whole_run_follows_the_number_of_steps(tiny: Arguments) -> None:
    settings = {"train.discriminator.lr": "1e-3 -> 0 linear", "log.every": 1}
    run = ganzoo.train(**tiny(steps=2, settings=settings))
    ganzoo.resume(run.folder, steps=4, quiet=True)
    rates = [line["schedule/train.discriminator.lr"] for line in reports(run.folder)]
    assert rates == pytest.approx([1e-3, 5e-4, 5e-4, 2.5e-4])


def test_the_ema_follows_the_schedule_of_its_half_life(tiny: Arguments) -> None:
    # A half-life of 0 copies the weights; a long one without a ramp-up hardly changes them.
    half_life = "constant 0 for 15 images then 0 -> 1e12 linear over 1 images"
    settings = {"train.ema.half_life": half_life, "train.ema.rampup": 0, "checkpoint.every": 1}
    folder = ganzoo.train(**tiny(steps=3, settings=settings)).folder
    weights = []
    for step in (1, 3):
        saved = torch.load(folder / "checkpoints" / f"step-{step:07}.pt", weights_only=True)
        weights.append(
            [saved["state"][key]["weights"] for key in ("networks.generator", "generator_ema")]
        )
    (first, first_ema), (last, last_ema) = weights
    for name in first_ema:
        if name.endswith(("weight", "bias")):
            assert torch.equal(first_ema[name], first[name])
            torch.testing.assert_close(last_ema[name], first_ema[name], atol=1e-7, rtol=1e-6)
    assert not all(torch.equal(last[name], first[name]) for name in last)

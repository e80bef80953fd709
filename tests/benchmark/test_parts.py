"""The parts of a step."""

from __future__ import annotations

import pytest
import torch

from ganzoo.benchmark import parts
from ganzoo.benchmark.parts import PartTimer, timed_parts
from ganzoo.benchmark.steps import Steps
from ganzoo.training.engine import Engine
from tests.benchmark.conftest import Resolved
from tests.sameness import same

CPU = torch.device("cpu")


def test_time_in_a_part_inside_another_counts_for_the_inner_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = 0.0
    monkeypatch.setattr(parts, "now", lambda device: time)
    timer = PartTimer(CPU)
    timer.start("outer")
    time = 1.0
    timer.start("inner")
    time = 4.0
    timer.stop()
    time = 9.0
    timer.stop()
    assert timer.seconds == {"outer": 6.0, "inner": 3.0}


def test_a_part_ends_also_with_an_error() -> None:
    timer = PartTimer(CPU)

    def fail() -> None:
        raise KeyError

    timer.start("rest")
    with pytest.raises(KeyError):
        timer.timed(fail, "failing")()
    timer.stop()
    assert set(timer.seconds) == {"rest", "failing"}


def test_each_part_of_a_step_is_timed_and_lazy_regularizers_have_their_own(
    resolved: Resolved,
) -> None:
    run = resolved("regularize.r1.every=2", "regularize.drift=true")
    steps = Steps(run, Engine(run.train))
    with timed_parts(steps.loop, CPU) as timer:
        steps.make(2)
    assert list(timer.seconds) == [
        *("discriminator", "r1", "generator", "terms of drift", "data", "synchronization"),
        *("EMA", "reporting", "optimizers", "rest"),
    ]
    assert all(timer.seconds.values())


def test_the_parts_add_up_to_the_whole_time(
    resolved: Resolved, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = resolved()
    steps = Steps(run, Engine(run.train))
    calls = 0

    def now(device: torch.device) -> float:
        nonlocal calls
        calls += 1
        return float(calls)

    monkeypatch.setattr(parts, "now", now)
    with timed_parts(steps.loop, CPU) as timer:
        steps.make(3)
    assert sum(timer.seconds.values()) == calls - 1


def test_timing_changes_no_step_and_leaves_nothing_behind(resolved: Resolved) -> None:
    run = resolved("regularize.r1.every=2", "regularize.drift=true")
    timed, plain = (Steps(run, Engine(run.train)) for _ in range(2))
    before = {name: set(vars(owner)) for name, owner in owners(timed).items()}
    with timed_parts(timed.loop, CPU):
        timed.make(3)
    plain.make(3)
    assert same(state(timed), state(plain))
    assert {name: set(vars(owner)) for name, owner in owners(timed).items()} == before


def owners(steps: Steps) -> dict[str, object]:
    trainer = steps.loop.trainer
    return {
        **{"loop": steps.loop, "updater": trainer.updater, "ema": trainer.ema},
        **{"setup": trainer.setup, "engine": trainer.setup.engine},
        **{k: v.built for k, v in trainer.setup.components.regularizers.items()},
    }


def state(steps: Steps) -> dict[str, object]:
    return {name: each.state_dict() for name, each in steps.loop.trainer.table().items()}

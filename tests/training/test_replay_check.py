"""CUDA graphs that train in another way than the same run without them are refused; on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ganzoo import RequestError
from ganzoo.contracts import ImageShape
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import passes
from ganzoo.training.engine import Engine
from ganzoo.training.replay_check import require_same_training
from ganzoo.training.switches import switches

SHAPE = ImageShape(3, 8, 8)


@pytest.fixture(autouse=True)
def quick_backend(monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[None]:
    monkeypatch.setattr(passes, "BACKEND", "aot_eager")
    with switches(run.train):
        yield
    torch.compiler.reset()


@pytest.fixture
def run() -> Run:
    """A run with CUDA graphs."""
    settings = Settings()
    settings.override(
        [
            *("dataset=blossoms", "architecture=mlp", "loss=non-saturating", "train.steps=3"),
            *("train.compile=cuda-graphs", "train.batch_size=8", "train.device=cpu"),
            *("architecture.width=16", "data.resolution=8"),
        ]
    )
    return Run.resolve(settings)


def test_the_same_training_is_accepted_and_no_random_number_changes(run: Run) -> None:
    engine = Engine(run.train)
    torch.manual_seed(0)
    require_same_training(run, engine, SHAPE, None)
    found = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(found, torch.rand(3))


def test_results_of_an_earlier_update_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = passes._compiled

    def stale(eager: Any, **options: Any) -> Any:
        compiled = original(eager, **options)
        if not options["graphs"]:
            return compiled
        earlier: dict[torch.Size, torch.Tensor] = {}

        def call(*arguments: Any) -> Any:
            result = compiled(*arguments)
            before = earlier.get(result.shape, result)
            earlier[result.shape] = result.detach()
            return result + (before - result).detach()

        return call

    monkeypatch.setattr(passes, "_compiled", stale)
    with pytest.raises(
        RequestError, match=r"5 steps of training give other weights.*: write train\.compile=on"
    ):
        require_same_training(run, Engine(run.train), SHAPE, None)


def test_both_are_compiled_because_others_round_in_other_places(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[bool] = []
    original = passes._compiled

    def counted(eager: Any, **options: Any) -> Any:
        modes.append(options["graphs"])
        return original(eager, **options)

    monkeypatch.setattr(passes, "_compiled", counted)
    require_same_training(run, Engine(run.train), SHAPE, None)
    assert set(modes) == {True, False}


@pytest.mark.parametrize("policy", ["raise", "skip"])
def test_numbers_that_are_not_finite_are_left_to_the_run(
    policy: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = passes._compiled

    def infinite(eager: Any, **options: Any) -> Any:
        compiled = original(eager, **options)
        return lambda *arguments: compiled(*arguments) * float("inf")

    monkeypatch.setattr(passes, "_compiled", infinite)
    changed = run.with_train({"on_nonfinite": policy}, "a test")
    require_same_training(changed, Engine(changed.train), SHAPE, None)


def test_only_graphs_whose_numbers_are_not_finite_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = passes._compiled

    def infinite(eager: Any, **options: Any) -> Any:
        compiled, factor = original(eager, **options), float("inf") if options["graphs"] else 1.0
        return lambda *arguments: compiled(*arguments) * factor

    monkeypatch.setattr(passes, "_compiled", infinite)
    with pytest.raises(RequestError, match="give other weights"):
        require_same_training(run, Engine(run.train), SHAPE, None)


def test_nothing_is_checked_without_cuda_graphs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "_compiled", None)
    off = run.with_train({"compile": "off"}, "a test")
    require_same_training(off, Engine(off.train), SHAPE, None)

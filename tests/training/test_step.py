"""What a step offers: rows of all processes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.components import Options
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import ImageShape, Phase
from ganzoo.registry import Registry
from ganzoo.sections import TrainOptions
from ganzoo.training.built_component import BuiltComponent
from ganzoo.training.engine import Engine
from ganzoo.training.progress import Progress
from ganzoo.training.run_components import Components
from ganzoo.training.stand_ins import stand_ins
from ganzoo.training.step import TrainingStep
from ganzoo.training.trial import trial_setup
from ganzoo.training.update import Updater


def variance(values: Tensor) -> Tensor:
    return values.var(0).sum()


def made_step() -> TrainingStep:
    """A step of four images in each process."""
    chosen = ConfiguredComponent(Registry.discover().find("loss", "hinge"), Options())
    components = Components(BuiltComponent(chosen, torch.device("cpu")), {}, {})
    shape, engine = ImageShape(3, 8, 8), Engine(TrainOptions(device="cpu"))
    setup = trial_setup(components, stand_ins(shape), shape, engine)
    phase = Phase(name="generator", networks=("generator",), terms=lambda step: {})
    return TrainingStep(setup, Progress(images_seen=4), phase, 0)


def test_gradients_of_terms_of_all_rows_average_to_those_of_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = torch.rand(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(5, dtype=torch.float64, requires_grad=True)
    whole = variance(x * weight)
    (expected,) = torch.autograd.grad(whole, weight)
    step = made_step()
    monkeypatch.setattr(Engine, "processes", 2)
    monkeypatch.setattr(Engine, "gather", lambda self, rows: x.clone())
    found: list[Tensor] = []
    for rank, rows in enumerate(x.chunk(2)):
        monkeypatch.setattr(Engine, "rank", rank)
        term = variance(step.gather(rows * weight))
        assert term == whole
        found += torch.autograd.grad(term, weight)
    torch.testing.assert_close(torch.stack(found).mean(0), expected, atol=1e-12, rtol=1e-12)


def test_with_one_process_the_rows_of_all_processes_are_its_own() -> None:
    step = made_step()
    images = step.fake.images
    assert torch.equal(step.gather(images), images)
    assert step.gather(images).requires_grad


def test_images_and_scores_of_an_update_are_released_without_a_garbage_collection(
    tiny: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[TrainingStep]] = []
    alive: list[bool] = []
    create, update = TrainingStep.__init__, Updater.update

    def record(self: TrainingStep, *arguments: Any) -> None:
        create(self, *arguments)
        made.append(weakref.ref(self))

    def without_collection(self: Updater, *arguments: Any) -> None:
        gc.disable()
        try:
            update(self, *arguments)
            alive.append(made[-1]() is not None)
        finally:
            gc.enable()

    monkeypatch.setattr(TrainingStep, "__init__", record)
    monkeypatch.setattr(Updater, "update", without_collection)
    ganzoo.train(**tiny(steps=1, regularize="r1"))
    assert alive == [False] * 3

"""check_plugin trains a short run with each component, and finds what fails only there."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import ImageShape, MetricValue, Networks, Options, Phase, Terms
from ganzoo.registry import KINDS
from ganzoo.run import Run
from ganzoo.testing import check_plugin, component_runs
from ganzoo.testing.resume import check_resume
from tests.testing.networks import DenseDiscriminator, DenseGenerator, architecture


def plugin(*components: Any) -> ModuleType:
    """A module whose hooks return these components."""
    module = ModuleType("made")
    for kind, name in KINDS.items():
        declared = [each for each in components if each.kind == kind]
        hook: Any = lambda declared=declared: declared  # noqa: E731
        setattr(module, name, ganzoo.hookimpl(hook))
    return module


class Grays:
    class_names = ("a", "b")
    fingerprint = "grays"

    def __init__(self, options: Options) -> None: ...

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return np.full((20, 20, 3), index * 30, np.uint8), index % 2


class Mean:
    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Any) -> Terms:
        return {"score": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Any) -> Terms:
        return {"score": -scores.fake.mean()}


class Small:
    network = "discriminator"
    every = 1
    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def terms(self, step: Any) -> Terms:
        return {"small": step.scores.real.square().mean()}


class Darker:
    apply_to = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class Mass:
    identity = "mass"

    def __init__(self, options: Options) -> None: ...

    def __call__(self, images: Any, fake: Any = None) -> Any:
        if fake is not None:
            return {"mass": MetricValue(float(fake.features.mean()), len(fake))}
        return images.float().mean((1, 2, 3))[:, None]


class Quiet(ganzoo.Observer):
    def __init__(self, options: Options, *, run: ganzoo.ObservedRun) -> None: ...


FACTORIES = {
    ganzoo.DatasetSpec: Grays,
    ganzoo.LossSpec: Mean,
    ganzoo.RegularizerSpec: Small,
    ganzoo.AugmentationSpec: Darker,
    ganzoo.MetricSpec: Mass,
    ganzoo.ExtractorSpec: Mass,
    ganzoo.ObserverSpec: Quiet,
}


def test_a_run_is_trained_with_each_component(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Run] = []

    def watched(run: Run, place: Path) -> Any:
        runs.append(run)
        return check_resume(run, place)

    monkeypatch.setattr(component_runs, "check_resume", watched)
    made: list[Any] = [architecture()]
    made += [
        kind(name="mass" if made is Mass else "mine", summary="Mine.", factory=made)
        for kind, made in FACTORIES.items()
    ]
    check_plugin(plugin(*made))
    used = [
        part.entry.qualified_name
        for run in runs
        for parts in (run.components, run.metrics, run.observe, {"": run.extractor})
        for part in parts.values()
        if part and part.entry.plugin.name == "made"
    ]
    assert sorted(used) == ["made/mass"] * 2 + ["made/mine"] * 6
    assert all(len(run.observe) <= 1 for run in runs)


class LateNaN(Mean):
    calls = 0

    def generator(self, scores: Any) -> Terms:
        LateNaN.calls += 1
        terms = super().generator(scores)
        return {"score": terms["score"] * float("nan")} if LateNaN.calls > 6 else terms


class LateFailure(Quiet):
    def on_step_end(self, step: int, images_seen: int) -> None:
        if step == 4:
            raise KeyError("loss/critic")


class Fading(Darker):
    """Its strength depends on the number of calls, which no state_dict() returns."""

    def __init__(self, options: Options) -> None:
        self.calls = 0

    def observe(self, step: Any, scores: Any) -> None:
        self.calls += 1

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters / (1 + self.calls)


@pytest.mark.parametrize(
    ("kind", "factory", "message"),
    [
        (
            ganzoo.LossSpec,
            LateNaN,
            r"loss mine: a run of four steps fails: Diverged: in the generator.s update",
        ),
        (
            ganzoo.ObserverSpec,
            LateFailure,
            r"observer mine: in a run of four steps, observer made/mine \(.*\): KeyError: "
            "'loss/critic'",
        ),
        (
            ganzoo.AugmentationSpec,
            Fading,
            r"augmentation mine: in a run of four steps, the run differs after a resume "
            r"\(.*return it from state_dict\(\)",
        ),
    ],
)
def test_what_fails_only_in_a_run_is_found(kind: Any, factory: type, message: str) -> None:
    LateNaN.calls = 0
    with pytest.raises(AssertionError, match=message):
        check_plugin(plugin(kind(name="mine", summary="Mine.", factory=factory)))


class Encoding:
    """A method that trains a third network."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def phases(self) -> list[Phase]:
        return [
            Phase(
                name="all",
                networks=("generator", "discriminator", "encoder"),
                terms=self.terms,
                new_images=True,
            )
        ]

    def terms(self, step: Any) -> Terms:
        real, fake = step.real.images, step.generate().images
        coded = step.networks["encoder"](real.mean((1, 2, 3))[:, None])
        scores = step.networks["discriminator"](real) - step.networks["discriminator"](fake)
        return {"all": (coded.mean() - scores.mean()).square()}


def test_a_method_is_run_with_the_architecture_of_its_plugin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(options: Options, *, image_shape: ImageShape, **context: Any) -> Networks:
        return Networks(
            generator=DenseGenerator(image_shape),
            discriminator=DenseDiscriminator(image_shape),
            others={"encoder": torch.nn.Linear(1, 1)},
        )

    networks = ganzoo.ArchitectureSpec(name="three", summary="Three.", factory=build)
    method = ganzoo.LossSpec(name="encoding", summary="A method.", factory=Encoding)
    check_plugin(plugin(networks, method))
    monkeypatch.setattr(Encoding, "terms", lambda self, step: 1 / 0)
    with pytest.raises(AssertionError, match="loss encoding: a run of four steps fails: ZeroDiv"):
        check_plugin(plugin(networks, method))
    monkeypatch.setattr(component_runs, "_MOST_PARAMETERS", 10)
    check_plugin(plugin(networks, method))  # without a run


class ForDense(Small):
    def terms(self, step: Any) -> Terms:
        if not isinstance(step.networks["discriminator"], DenseDiscriminator):
            raise ganzoo.RequestError("it needs a dense discriminator")
        return super().terms(step)


def test_a_regularizer_that_refuses_other_networks_is_tried_with_those_of_its_plugin() -> None:
    mine = ganzoo.RegularizerSpec(name="for-dense", summary="For one kind.", factory=ForDense)
    check_plugin(plugin(mine, architecture()))
    with pytest.raises(AssertionError, match=r"regularizer for-dense: .*needs a dense discr"):
        check_plugin(plugin(mine))

"""Simultaneous updates: one pass of the generator, all gradients before any change."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import (
    Adversarial,
    ArchitectureSpec,
    ImageShape,
    LossSpec,
    Networks,
    Options,
    Phase,
    PluginError,
    RequestError,
    Scores,
    Terms,
)
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.stand_ins import stand_ins
from ganzoo.training.step import TrainingStep
from ganzoo_adversarial.losses import Hinge, Relativistic
from tests.sameness import is_exact_after_a_resume, same

Arguments = Callable[..., dict[str, Any]]
ONCE = {"train.discriminator.steps": 1}
AT_ONCE = {**ONCE, "train.simultaneous": True}


def after(tiny: Arguments, name: str, loss: Any = None, **settings: Any) -> dict[str, Any]:
    """The states of a run after its last step, of an architecture without batch norm."""
    steps = settings.pop("steps", 1)
    loss = loss or Relativistic(Options())
    arguments = tiny(name, "mlp", loss, steps=steps, settings={**ONCE, **settings})
    folder = ganzoo.train(**arguments).folder
    state: dict[str, Any] = Checkpoints(folder / "checkpoints", 3).load()["state"]
    return state


class GeneratorAlone(Adversarial):
    """The generator's update with the real images and random numbers of the discriminator's."""

    def phases(self) -> Sequence[Phase]:
        discriminator, generator = super().phases()
        return [replace(generator, name=discriminator.name, new_images=True)]


class Linked(Adversarial):
    """Both updates at once, as a plugin writes it."""

    def phases(self) -> Sequence[Phase]:
        discriminator, generator = super().phases()
        return [discriminator, replace(generator, simultaneous_with="discriminator")]


def test_both_updates_use_the_same_images_and_the_weights_before_either(tiny: Arguments) -> None:
    both = after(tiny, "both", **{"train.simultaneous": True})
    in_turn = after(tiny, "in turn")
    alone = after(tiny, "alone", GeneratorAlone(Relativistic(Options())))
    key = "networks.{}".format
    assert same(both[key("discriminator")], in_turn[key("discriminator")])
    assert same(both[key("generator")], alone[key("generator")])
    assert not same(both[key("generator")], in_turn[key("generator")])


def test_a_plugin_can_make_the_updates_of_its_method_simultaneous(tiny: Arguments) -> None:
    by_setting = after(tiny, "setting", steps=3, **{"train.simultaneous": True})
    linked = after(tiny, "linked", Linked(Relativistic(Options())), steps=3)
    assert same(by_setting, linked)


def test_one_pass_of_the_generator_and_one_on_its_images_serve_both(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("generate", "critic"):
        original = getattr(TrainingStep, name)

        def counted(self: TrainingStep, *args: Any, _of: Any = original, **more: Any) -> Any:
            calls.append(f"{_of.__name__} {self.batch_size}")
            return _of(self, *args, **more)

        monkeypatch.setattr(TrainingStep, name, counted)
    after(tiny, "run", **{"train.simultaneous": True})
    assert sorted(each for each in calls if each.endswith(" 8")) == [
        *("critic 8", "critic 8", "generate 8")
    ]


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp"])
def test_a_resumed_run_is_exact(tiny: Arguments, architecture: str) -> None:
    assert is_exact_after_a_resume(tiny, architecture, AT_ONCE)


def test_an_update_that_is_not_finite_is_skipped_for_both(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    still = {"train.generator.lr": 0, "train.discriminator.lr": 0}
    expected = after(tiny, "still", **{"train.simultaneous": True}, **still)
    inject_nan([0])
    policy = {"train.on_nonfinite": "skip"}
    skipped = after(tiny, "skipped", **{"train.simultaneous": True}, **policy)
    for network in ("networks.generator", "networks.discriminator"):
        assert same(skipped[network], expected[network])


def test_more_than_one_update_is_refused_in_one_line(tiny: Arguments) -> None:
    settings = {"train.simultaneous": True, "train.discriminator.steps": 5}
    with pytest.raises(RequestError, match=r"^discriminator and generator .*steps=1 [^\n]*$"):
        ganzoo.train(**tiny(settings=settings))


def test_networks_that_share_parameters_are_refused_in_one_line(tiny: Arguments) -> None:
    def shared(options: Options, *, image_shape: ImageShape, **more: object) -> Networks:
        networks = stand_ins(image_shape)
        networks.generator.shared = next(networks.discriminator.parameters())
        return networks

    spec = ArchitectureSpec(name="shared", summary="Shares a weight.", factory=shared)
    arguments = {**tiny(architecture="mlp", settings=AT_ONCE), "architecture": spec}
    arguments["settings"] = AT_ONCE
    with pytest.raises(RequestError, match=r"^discriminator and generator .* share parameters"):
        ganzoo.train(**arguments)
    assert not arguments["run_dir"].exists()


class OnePhase:
    """A method that updates the generator only."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def phases(self) -> Sequence[Phase]:
        return Adversarial(Hinge(Options())).phases()[1:]


def test_a_method_of_other_phases_is_refused_in_one_line(tiny: Arguments) -> None:
    loss = LossSpec(name="one", summary="One phase.", factory=OnePhase)
    with pytest.raises(RequestError, match=r"^train\.simultaneous=true is for losses with [^\n]*$"):
        ganzoo.train(**tiny(loss=loss, settings=AT_ONCE))


def test_the_phase_of_the_generator_may_train_other_networks_too(tiny: Arguments) -> None:
    file = Path(__file__).parents[2] / "examples" / "one_file" / "bigan.py"
    both, in_turn = (
        ganzoo.train(**tiny(str(i), "pairs", "bigan", plugins=file, steps=1, settings=settings))
        for i, settings in enumerate((AT_ONCE, ONCE))
    )
    names = ("discriminator", "encoder")
    first, second = ({k: run.networks[k].state_dict() for k in names} for run in (both, in_turn))
    assert same(first["discriminator"], second["discriminator"])
    assert not same(first["encoder"], second["encoder"])  # the discriminator was not updated yet


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"simultaneous_with": "encoder"}, "not the name of an earlier phase"),
    "itself": ({"simultaneous_with": "generator"}, "not the name of an earlier phase"),
    "same network": ({"networks": ("discriminator",)}, "update the same network"),
    "other interval": ({"every": 2}, "every differs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_phases_that_cannot_be_simultaneous_are_an_error_of_their_plugin(
    tiny: Arguments, name: str
) -> None:
    fields, expected = WRONG[name]

    class Wrong(Linked):
        def phases(self) -> Sequence[Phase]:
            discriminator, generator = super().phases()
            return [discriminator, replace(generator, **fields)]

    loss = LossSpec(name="wrong", summary="W.", factory=lambda options: Wrong(Hinge(options)))
    with pytest.raises(PluginError, match=expected):
        ganzoo.train(**tiny(loss=loss, settings=ONCE))


class SameNames(Hinge):
    """A loss whose terms have the same name in both updates."""

    def discriminator(self, scores: Scores) -> Terms:
        return {"term": torch.stack(list(super().discriminator(scores).values())).sum()}

    def generator(self, scores: Scores) -> Terms:
        return {"term": super().generator(scores)["adversarial"]}


def test_terms_of_both_are_reported_under_the_name_of_their_phase(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(loss=SameNames(Options()), settings={**AT_ONCE, "log.every": 1}))
    report = json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[-1])
    for name in ("discriminator", "generator"):
        assert report[f"{name}/term"] == report[f"loss/{name}"]


def test_a_term_that_is_not_finite_is_named_with_its_phase(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    inject_nan([0])
    with pytest.raises(ArithmeticError, match="generator/term is nan"):
        ganzoo.train(**tiny(loss=SameNames(Options()), settings=AT_ONCE))

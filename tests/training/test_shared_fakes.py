"""One pass of the generator serves the discriminator's update and the generator's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import Adversarial, LossSpec, Options, Phase, PluginError, RequestError
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.step import TrainingStep
from ganzoo_adversarial.losses import Hinge, Relativistic
from tests.sameness import is_exact_after_a_resume, same

Arguments = Callable[..., dict[str, Any]]
SHARED = {"train.share_fakes": True}


def after(tiny: Arguments, name: str, loss: Any = None, **settings: Any) -> dict[str, Any]:
    """The states of a run after its last step, of an architecture without batch norm."""
    steps = settings.pop("steps", 1)
    loss = loss or Relativistic(Options())
    arguments = tiny(name, "mlp", loss, steps=steps, settings=settings)
    folder = ganzoo.train(**arguments).folder
    state: dict[str, Any] = Checkpoints(folder / "checkpoints", 3).load()["state"]
    return state


class Linked(Adversarial):
    """The generator learns from the images that the discriminator saw, as a plugin writes it."""

    def phases(self) -> Sequence[Phase]:
        discriminator, generator = super().phases()
        return [discriminator, replace(generator, fakes_of="discriminator")]


class SameLatents(Adversarial):
    """The generator makes the discriminator's images a second time, from their latents."""

    def phases(self) -> Sequence[Phase]:
        discriminator, generator = super().phases()
        return [
            replace(discriminator, terms=self.remembered),
            replace(generator, terms=self.repeated),
        ]

    def remembered(self, step: Any) -> Any:
        self.latents = step.fake.latents
        return self.discriminator_terms(step)

    def repeated(self, step: Any) -> Any:
        vars(step)["fake"] = step.generate(self.latents)
        return self.generator_terms(step)


def test_the_generator_learns_from_the_images_that_the_discriminator_saw(tiny: Arguments) -> None:
    """As if it had made them again: the same weights to the bit."""
    shared = after(tiny, "shared", steps=3, **SHARED)
    repeated = after(tiny, "repeated", SameLatents(Relativistic(Options())), steps=3)
    usual = after(tiny, "usual", steps=3)
    for network in ("networks.generator", "networks.discriminator"):
        assert same(shared[network], repeated[network])
        assert not same(shared[network], usual[network])


def test_a_plugin_can_share_the_images_of_its_phases(tiny: Arguments) -> None:
    by_setting = after(tiny, "setting", steps=2, **SHARED)
    assert same(by_setting, after(tiny, "linked", Linked(Relativistic(Options())), steps=2))


@pytest.mark.parametrize("updates", [1, 3])
def test_the_generator_makes_one_pass_less(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, updates: int
) -> None:
    calls: list[bool] = []
    original = TrainingStep._generate

    def counted(self: TrainingStep, *args: Any, gradient: bool) -> Any:
        if self.batch_size == 8:  # not the trial before the run
            calls.append(gradient)
        return original(self, *args, gradient=gradient)

    monkeypatch.setattr(TrainingStep, "_generate", counted)
    after(tiny, "run", **SHARED, **{"train.discriminator.steps": updates})
    assert calls == [False] * (updates - 1) + [True]


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp", "stylegan2"])
def test_a_resumed_run_is_exact(tiny: Arguments, architecture: str) -> None:
    small = {"architecture.channel_base": 64, "architecture.max_channels": 8}
    settings = {**SHARED, **(small if architecture == "stylegan2" else {})}
    assert is_exact_after_a_resume(tiny, architecture, settings)


def test_after_a_skipped_update_the_generator_makes_new_images(
    tiny: Arguments, inject_nan: Callable[..., None]
) -> None:
    inject_nan([0])
    after_skip = after(tiny, "skipped", **SHARED, **{"train.on_nonfinite": "skip"})
    weights = after_skip["networks.generator"].values()
    assert all(torch.isfinite(each).all() for each in weights if torch.is_tensor(each))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "several updates": ({"train.generator.steps": 2}, r"write train\.generator\.steps=1"),
    "pieces": ({"train.accumulate": 2}, r"write train\.accumulate=1"),
    "simultaneous": ({"train.simultaneous": True}, r"share the generated images anyway"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_share_is_refused_in_one_line(tiny: Arguments, name: str) -> None:
    settings, message = REFUSED[name]
    once = {"train.discriminator.steps": 1}
    with pytest.raises(RequestError, match=rf"^[^\n]*{message}[^\n]*$"):
        ganzoo.train(**tiny(architecture="mlp", settings={**once, **SHARED, **settings}))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"fakes_of": "encoder"}, "not the name of an earlier phase"),
    "other interval": ({"fakes_of": "discriminator", "every": 2}, "but every differs"),
    "both links": (
        {"fakes_of": "discriminator", "simultaneous_with": "discriminator"},
        "remove one",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_phases_that_cannot_share_are_an_error_of_their_plugin(tiny: Arguments, name: str) -> None:
    fields, message = WRONG[name]

    class Wrong(Adversarial):
        def phases(self) -> Sequence[Phase]:
            discriminator, generator = super().phases()
            return [discriminator, replace(generator, **fields)]

    spec = LossSpec(name="wrong", summary="A loss.", factory=lambda options: Wrong(Hinge(options)))
    with pytest.raises(PluginError, match=message):
        ganzoo.train(**tiny(loss=spec))


def test_images_of_an_older_generator_are_an_error_of_the_plugin(tiny: Arguments) -> None:
    class Twice(Adversarial):
        def phases(self) -> Sequence[Phase]:
            discriminator, generator = super().phases()
            again = replace(generator, name="again", fakes_of="discriminator")
            return [discriminator, generator, again]

    spec = LossSpec(name="twice", summary="A loss.", factory=lambda options: Twice(Hinge(options)))
    with pytest.raises(PluginError, match="generator updates the generator before"):
        ganzoo.train(**tiny(loss=spec))

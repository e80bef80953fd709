"""Phases that cannot be carried out are refused in one line with the plugin and the place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import (
    LossSpec,
    Options,
    Phase,
    PluginError,
    RegularizerSpec,
    RequestError,
    Step,
    Terms,
    train,
)

Arguments = Callable[..., dict[str, Any]]
HERE = "tests/training/test_phases.py:[0-9]+"


def discriminate(step: Step) -> Terms:
    return {"scores": step.scores.fake.mean() - step.scores.real.mean()}


def generate(step: Step) -> Terms:
    return {"scores": -step.scores.fake.mean()}


GENERATOR = Phase(name="generator", networks=("generator",), terms=generate)


class TwoPhases:
    """A method of two phases, of which the second one is given."""

    independent_scores = False

    def __init__(self, second: Phase) -> None:
        self.second = second

    def phases(self) -> Sequence[Phase]:
        name = "discriminator"
        first = Phase(name=name, networks=(name,), terms=discriminate, new_images=True)
        return [first, self.second]


def method(second: Phase) -> LossSpec:
    return LossSpec(name="two", summary="Two phases.", factory=lambda options: TwoPhases(second))


WRONG: dict[str, tuple[Any, str]] = {
    "networks": ((), r"names such as \(\"generator\",\)"),
    "terms": (None, "a function of the step"),
    "optimizer": ("encoder", '"generator" or "discriminator"'),
    "repeats": (0, "a whole number from 1 on"),
    "every": (2.5, "a whole number from 1 on"),
    "after": (3, "a function of the step"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_field_of_a_phase_is_named(tiny: Arguments, field: str) -> None:
    value, expected = WRONG[field]
    wrong = replace(GENERATOR, **{field: value})
    with pytest.raises(
        PluginError, match=rf"^loss \S+/two \({HERE}\): .*{field} .* not {expected}"
    ):
        train(**tiny("run", "mlp", method(wrong)))


def test_two_phases_of_the_same_name_are_refused(tiny: Arguments) -> None:
    wrong = replace(GENERATOR, name="discriminator")
    with pytest.raises(PluginError, match="two phases have the name discriminator"):
        train(**tiny("run", "mlp", method(wrong)))


def test_a_phase_with_the_name_of_other_reported_numbers_is_refused(tiny: Arguments) -> None:
    with pytest.raises(PluginError, match="the name metric, as numbers that ganzoo reports"):
        train(**tiny("run", "mlp", method(replace(GENERATOR, name="metric"))))


def test_terms_of_a_partial_that_are_no_scalars_are_refused(tiny: Arguments) -> None:
    wrong: Any = functools.partial(lambda step: 3)
    with pytest.raises(
        PluginError,
        match=rf"{HERE}\): .* the terms of the phase generator are an int, not named scalars",
    ):
        train(**tiny("run", "mlp", method(replace(GENERATOR, terms=wrong))))


class Constant:
    """A regularizer whose term is constant from some number of images seen on."""

    network, every, independent_scores = "discriminator", 2, False

    def __init__(self, images: int) -> None:
        self.images = images

    def terms(self, step: Step) -> Terms:
        if step.images_seen < self.images:
            return {"square": step.scores.real.square().mean()}
        return {"square": torch.zeros(())}


@pytest.mark.parametrize("images", [0, 40], ids=["in the trial", "later"])
def test_terms_without_gradient_are_an_error_of_their_component(
    tiny: Arguments, images: int
) -> None:
    spec = RegularizerSpec(
        name="mine", summary="Mine.", factory=lambda options: Constant(images), options=Options
    )
    wrong = rf"^regularizer \S+/mine \({HERE}\): .*the phase mine have no gradient for the discrimi"
    with pytest.raises(PluginError, match=wrong):
        train(**tiny("run", "mlp", regularize=spec))


def test_the_number_of_an_update_counts_the_updates_before_it(tiny: Arguments) -> None:
    numbers: list[int] = []

    def terms(step: Step) -> Terms:
        numbers.append(step.number)
        return generate(step)

    phase = replace(GENERATOR, terms=terms, every=2, repeats=2)
    train(**tiny("run", "mlp", method(phase), steps=5))
    assert numbers[1:] == [0, 1, 2, 3, 4, 5]  # the first one is the trial's


@pytest.mark.parametrize("value", [torch.zeros(3), 1.0], ids=["vector", "float"])
def test_a_reported_value_that_is_no_scalar_tensor_is_refused(tiny: Arguments, value: Any) -> None:
    def terms(step: Step) -> Terms:
        step.report("mine", value)
        return generate(step)

    wrong = rf"^loss \S+/two \({HERE}\): ContractError: the reported value mine"
    with pytest.raises(PluginError, match=wrong):
        train(**tiny("run", "mlp", method(replace(GENERATOR, terms=terms))))


def test_a_network_that_the_architecture_lacks_is_a_request_that_is_refused(
    tiny: Arguments, tmp_path: Path
) -> None:
    wrong = replace(GENERATOR, networks=("generator", "encoder"))
    expected = (
        r"^loss \S+/two trains the network encoder, and the architecture has generator, "
        "discriminator: choose an architecture that has it$"
    )
    with pytest.raises(RequestError, match=expected):
        train(**tiny("run", "mlp", method(wrong)))
    assert not (tmp_path / "run").exists()


def test_a_component_that_waits_for_scores_is_named_if_the_method_does_not_pass_them_on(
    tiny: Arguments,
) -> None:
    expected = (
        r"^augmentation \S+/ada adapts to the discriminator's scores, but loss \S+/two does not "
        r"pass them on, so it stays as it is: .*step\.give_feedback\(\)"
    )
    with pytest.warns(UserWarning, match=expected):
        train(**tiny("run", "mlp", method(GENERATOR), augment="ada", steps=1))


@pytest.mark.parametrize("name", ["ada", "apa"])
def test_no_scores_are_missed_if_the_strength_is_fixed(tiny: Arguments, name: str) -> None:
    fixed = {f"augment.{name}.p": 0.5}
    train(**tiny("run", "mlp", method(GENERATOR), settings=fixed, steps=1))  # warnings are errors


def test_images_for_other_networks_pass_the_augmentations_of_all_images(tiny: Arguments) -> None:
    class Half:
        """Images of half the contrast."""

        apply_to = "all"

        def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
            contrast = torch.tensor([*[0.5] * channels, 1.0])
            return contrast.diag().repeat(n, 1, 1)

    compared: list[tuple[Tensor, ...]] = []

    def terms(step: Step) -> Terms:
        images = step.real.images
        by_hand = step.networks["discriminator"](step.augmented(images), step.real.condition)
        compared.append((step.augmented(images), images, by_hand, step.critic(images)))
        return generate(step)

    phase = replace(GENERATOR, terms=terms)
    train(**tiny("run", "mlp", method(phase), augment=Half(), steps=1))
    augmented, images, by_hand, scores = compared[-1]
    torch.testing.assert_close(augmented, images / 2)
    torch.testing.assert_close(by_hand, scores)

"""The checks find the faults of a plugin and describe them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

import ganzoo
from ganzoo import ImageShape, Options
from ganzoo.testing import check, check_plugin, only
from tests.testing.networks import DenseDiscriminator, DenseGenerator, architecture

Kind = Callable[..., ganzoo.LossSpec]


def problems_of(component: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(component, **options)
    return str(caught.value)


# --- declarations -----------------------------------------------------------------------------


class Correct:
    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": -scores.fake.mean()}


def loss(**changes: Any) -> ganzoo.LossSpec:
    return ganzoo.LossSpec(**{"name": "mine", "summary": "A loss.", "factory": Correct, **changes})


def options(annotation: Any, field: Any) -> type[Options]:
    return type("Given", (Options,), {"__annotations__": {"x": annotation}, "x": field})


def test_a_correct_loss_passes() -> None:
    check(loss())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"summary": "A loss"}, "its summary should be a sentence"),
        ({"options": options(int, Field(1, ge=0))}, "needs a description"),
        ({"options": options(int, Field(ge=0, description="X."))}, "needs a default"),
        ({"options": options(float, Field(1.0, description="X."))}, "needs bounds"),
        ({"options": options(int | None, Field(1, ge=0, description="X."))}, "may be None"),
        ({"recommends": {"loss.clip": 1}}, "which it cannot recommend"),
        ({"recommends": {"trian.steps": 1}}, "which it cannot recommend; did you mean train."),
        (
            {"recommends": {"train.discriminator.step": 5}},
            "there is no setting train.discriminator.step; did you mean train.discriminator.steps",
        ),
        (
            {"recommends": {"train.generator.lr": -1}},
            "recommends: train.generator.lr=-1: input should be greater than or equal to 0",
        ),
        ({"recommends": {"growth.start": 8}}, "growth.start, which needs grows=True"),
        ({"recommends": {"regularize.r1": 5}}, "regularize.r1=5: write True, False or a mapping"),
        ({"options": {"x": 1}}, "its options should be a class derived from ganzoo.Options"),
        (
            {"options": options(int, Field("a", ge=0, description="X."))},
            "default 'a' is not of type int",
        ),
        ({"options": options(int, Field(1, ge=2, description="X."))}, "its default 1: input"),
        ({"factory": "no import string"}, 'its factory should be "package.module:name"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_incorrect_declaration_is_found(changes: dict[str, Any], message: str) -> None:
    assert message in problems_of(loss(**changes))


def test_an_import_string_that_does_not_resolve_is_found() -> None:
    for factory in ("ganzoo:no_such_thing", "no_such_module:x"):
        assert f"its factory {factory!r} cannot be imported" in problems_of(loss(factory=factory))


def test_a_plugin_without_components_is_found() -> None:
    with pytest.raises(AssertionError, match="has no components"):
        check_plugin(ModuleType("empty"))


def test_all_components_of_a_plugin_are_checked() -> None:
    @ganzoo.hookimpl
    def ganzoo_losses() -> list[ganzoo.LossSpec]:
        return [loss(), loss(name="other", summary="No sentence")]

    module = ModuleType("mine")
    module.__dict__["ganzoo_losses"] = ganzoo_losses
    with only(module) as registry:
        assert len(registry.entries()) == 2
    with pytest.raises(AssertionError, match="loss other: its summary"):
        check_plugin(module)


# --- losses -----------------------------------------------------------------------------------


class NotScalar(Correct):
    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": scores.fake}


class NotFinite(Correct):
    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": scores.fake.mean() / 0}


class Detached(Correct):
    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": -scores.fake.detach().mean()}


class NoTerms(Correct):
    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        return {}


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (NotScalar, "the term score of the phase generator has the shape (4,), not ()"),
        (NotFinite, "generator: score is"),
        (Detached, "the generator gets no gradient"),
        (NoTerms, "the terms of the phase discriminator are an empty dict"),
    ],
)
def test_an_incorrect_loss_is_found(factory: type, message: str) -> None:
    assert message in problems_of(loss(factory=factory))


# --- architectures ----------------------------------------------------------------------------


class OutOfRange(DenseGenerator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(latents) * 127.5 + 127.5


class Unseeded(DenseGenerator):
    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4)


class UnusedLayer(DenseGenerator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.never_used = nn.Linear(1, 1)


class UnseededMixing(DenseGenerator):
    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4)


class OneMixedLatent(DenseGenerator):
    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        return self.sample_latents(1, random)


class OtherMapping(DenseGenerator):
    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return latents * 2

    def synthesize(self, intermediate: Tensor) -> Tensor:
        return super().forward(intermediate)


class CorrectMapping(OtherMapping):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(self.map(latents))

    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        return self.sample_latents(n, random) / 2


class NaNDiscriminator(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(images) * float("nan")


class NaNGenerator(DenseGenerator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(latents) * float("nan")


class AllFrozen(DenseDiscriminator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.requires_grad_(False)


class ScoreMaps(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(images)[:, None, None]


class ScoresOfPatches(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return torch.stack([super().forward(images)] * 3, 1)


class Dependent(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores = super().forward(images)
        return scores - scores.mean()


@pytest.mark.parametrize("generator", [DenseGenerator, CorrectMapping])
@pytest.mark.parametrize("discriminator", [DenseDiscriminator, ScoresOfPatches])
def test_a_correct_architecture_passes(
    generator: type[DenseGenerator], discriminator: type[DenseDiscriminator]
) -> None:
    check(architecture(generator, discriminator))


class ToldGenerator(DenseGenerator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images = super().forward(latents)
        if condition is None:
            return images
        return images + 0.1 * condition.float().view(len(images), -1).mean(1)[:, None, None, None]


class ToldDiscriminator(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores = super().forward(images)
        if condition is None:
            return scores
        return scores + condition.float().view(len(images), -1).mean(1)


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_networks_that_ignore_a_declared_condition_are_found(kind: str) -> None:
    check(architecture(ToldGenerator, ToldDiscriminator, conditions=(kind,)))
    message = "its output does not depend on the condition, which its declaration promises"
    ignoring = architecture(ToldGenerator, DenseDiscriminator, conditions=(kind,))
    assert f"condition {kind}: discriminator: {message}" in problems_of(ignoring)
    ignoring = architecture(DenseGenerator, ToldDiscriminator, conditions=(kind,))
    assert f"condition {kind}: generator: {message}" in problems_of(ignoring)


def test_an_unknown_kind_of_condition_is_found() -> None:
    message = "its conditions should be some of class, classes, vector, not ('label',)"
    assert message in problems_of(architecture(conditions=("label",)))


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        (OutOfRange, DenseDiscriminator, "should be in about [-1, 1]"),
        (Unseeded, DenseDiscriminator, "latents should depend on the passed random generator only"),
        (UnseededMixing, DenseDiscriminator, "sample_training_latents: latents should depend on"),
        (OneMixedLatent, DenseDiscriminator, "it should return 4 latents for n=4"),
        (OtherMapping, DenseDiscriminator, "those of synthesize(map(latents, condition))"),
        (UnusedLayer, DenseDiscriminator, "no gradient for never_used.weight"),
        (DenseGenerator, ScoreMaps, "its scores have the shape (4, 1, 1), not (4,) or (4, K)"),
        (DenseGenerator, NaNDiscriminator, "discriminator: its scores contain NaN"),
        (NaNGenerator, DenseDiscriminator, "generator: its images contain NaN"),
        (DenseGenerator, AllFrozen, "discriminator: it has no trainable parameters"),
        (DenseGenerator, Dependent, "depends on the other images"),
    ],
)
def test_an_incorrect_architecture_is_found(
    generator: type[DenseGenerator], discriminator: type[DenseDiscriminator], message: str
) -> None:
    assert message in problems_of(architecture(generator, discriminator))


class ConditionalGenerator(DenseGenerator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        return super().forward(latents + condition.mean(1, keepdim=True))


class ConditionalDiscriminator(DenseDiscriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        return super().forward(images) + condition.mean(1)


def needs_condition(*kinds: Any) -> ganzoo.ArchitectureSpec:
    """An architecture that cannot be built without a condition."""
    build: Any = architecture(ConditionalGenerator, ConditionalDiscriminator).factory

    def needing(options: Options, *, condition: ganzoo.Condition | None, **more: Any) -> Any:
        if condition is None:
            raise ValueError("it needs a condition")
        return build(options, condition=condition, **more)

    return ganzoo.ArchitectureSpec(
        name="mine", summary="Networks.", factory=needing, conditions=kinds
    )


def test_only_an_architecture_that_declares_conditions_may_need_one() -> None:
    check(needs_condition("vector"))
    refuses = "refuses all image shapes: ['architecture mine: it needs a condition'"
    assert refuses in problems_of(needs_condition())

"""The kit finds what is wrong with a plugin, and says what."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

import ganzoo
from ganzoo import Generator, ImageShape, LossRequirements, MetricValue, Networks, Options
from ganzoo.testing import check, check_plugin, only

Kind = Callable[..., ganzoo.LossSpec]


def broken(component: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(component, **options)
    return str(caught.value)


# --- declarations -----------------------------------------------------------------------------


class Fine:
    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, critic: Any, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"score": critic(fake).mean() - critic(real).mean()}

    def generator(self, critic: Any, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"score": -critic(fake).mean()}


def loss(**changes: Any) -> ganzoo.LossSpec:
    return ganzoo.LossSpec(**{"name": "mine", "summary": "A loss.", "factory": Fine, **changes})


def options(annotation: Any, field: Any) -> type[Options]:
    return type("Given", (Options,), {"__annotations__": {"x": annotation}, "x": field})


def test_a_correct_loss_passes() -> None:
    check(loss())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"summary": "A loss"}, "the summary should be a sentence"),
        ({"options": options(int, Field(1, ge=0))}, "needs a description"),
        ({"options": options(int, Field(ge=0, description="X."))}, "needs a default"),
        ({"options": options(float, Field(1.0, description="X."))}, "needs bounds"),
        ({"options": options(int | None, Field(1, ge=0, description="X."))}, "may be None"),
        ({"recommends": {"loss.gp_weight": 1}}, "not its business"),
        ({"recommends": {"trian.steps": 1}}, "not its business; did you mean train."),
        (
            {"recommends": {"train.discriminator.step": 5}},
            "there is no setting train.discriminator.step; did you mean train.discriminator.steps",
        ),
        (
            {"recommends": {"train.generator.lr": -1}},
            "recommends: train.generator.lr=-1: input should be greater than 0",
        ),
        ({"recommends": {"growth.start": 8}}, "growth.start, which needs grows=True"),
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
    assert message in broken(loss(**changes))


def test_an_import_string_that_does_not_resolve_is_found() -> None:
    for factory in ("ganzoo:no_such_thing", "no_such_module:x"):
        assert f"its factory {factory!r} cannot be imported" in broken(loss(factory=factory))


def test_a_plugin_without_components_is_found() -> None:
    with pytest.raises(AssertionError, match="offers no component"):
        check_plugin(ModuleType("empty"))


def test_all_components_of_a_plugin_are_checked() -> None:
    @ganzoo.hookimpl
    def ganzoo_losses() -> list[ganzoo.LossSpec]:
        return [loss(), loss(name="other", summary="No sentence")]

    module = ModuleType("mine")
    module.__dict__["ganzoo_losses"] = ganzoo_losses
    with only(module) as registry:
        assert len(registry.entries()) == 2
    with pytest.raises(AssertionError, match="loss other: the summary"):
        check_plugin(module)


# --- losses -----------------------------------------------------------------------------------


class NotScalar(Fine):
    def generator(self, critic: Any, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"score": critic(fake)}


class NotFinite(Fine):
    def generator(self, critic: Any, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"score": critic(fake).mean() / 0}


class Detached(Fine):
    def generator(self, critic: Any, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"score": -critic(fake.detach()).mean()}


class Silent(Fine):
    def discriminator(self, critic: Any, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {}


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (NotScalar, "should be a scalar"),
        (NotFinite, "generator(): score is"),
        (Detached, "the generator gets no gradient"),
        (Silent, "returns no terms"),
    ],
)
def test_an_incorrect_loss_is_found(factory: type, message: str) -> None:
    assert message in broken(loss(factory=factory))


# --- architectures ----------------------------------------------------------------------------


class Plain(Generator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.image = image_shape
        self.layer = nn.Linear(4, image_shape.channels * image_shape.height * image_shape.width)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images: Tensor = self.layer(latents).tanh().view(-1, *self.image)
        return images

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4, generator=random)


class Loud(Plain):
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(latents) * 127.5 + 127.5


class Unseeded(Plain):
    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4)


class Idle(Plain):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.never_used = nn.Linear(1, 1)


class Judge(ganzoo.Discriminator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layer = nn.Linear(image_shape.channels * image_shape.height * image_shape.width, 1)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.layer(images.flatten(1)).flatten()
        return scores


class NaNJudge(Judge):
    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(images) * float("nan")


class NaNPlain(Plain):
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(latents) * float("nan")


class AllFrozen(Judge):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.requires_grad_(False)


class Column(Judge):
    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(images)[:, None]


class Gossip(Judge):
    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores = super().forward(images)
        return scores - scores.mean()


def architecture(generator: type[Plain] = Plain, judge: type[Judge] = Judge) -> Any:
    def build(
        options: Options,
        *,
        image_shape: ImageShape,
        num_classes: int,
        requirements: LossRequirements,
    ) -> Networks:
        return Networks(generator=generator(image_shape), discriminator=judge(image_shape))

    return ganzoo.ArchitectureSpec(name="mine", summary="Networks.", factory=build)


def test_a_correct_architecture_passes() -> None:
    check(architecture())


@pytest.mark.parametrize(
    ("generator", "judge", "message"),
    [
        (Loud, Judge, "should lie in about [-1, 1]"),
        (Unseeded, Judge, "latents should come from their generator"),
        (Idle, Judge, "no gradient reaches never_used.weight"),
        (Plain, Column, "one score each"),
        (Plain, NaNJudge, "discriminator: its scores hold NaN"),
        (NaNPlain, Judge, "generator: its images hold NaN"),
        (Plain, AllFrozen, "discriminator: it has no parameter that is trained"),
        (Plain, Gossip, "depends on the other images"),
    ],
)
def test_an_incorrect_architecture_is_found(
    generator: type[Plain], judge: type[Judge], message: str
) -> None:
    assert message in broken(architecture(generator, judge))


# --- augmentations, datasets, metrics, recipes ------------------------------------------------


class Darker:
    apply_to: Any = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class Forgetful(Darker):
    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1)


class Misplaced(Darker):
    apply_to = "fake"


class Misspelled:
    apply_to: Any = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_parameter(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class NaN(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * float("nan")


class Smaller(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images[..., 1:] * parameters


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (Forgetful, "its random generator and its state alone"),
        (Misplaced, "apply_to is 'fake'"),
        (Smaller, "changes the shape"),
        (
            Misspelled,
            "its method sample_parameter() is never called; did you mean sample_parameters?",
        ),
        (Misspelled, "it has no method that changes images"),
        (NaN, "makes images that hold NaN"),
    ],
)
def test_an_incorrect_augmentation_is_found(factory: type, message: str) -> None:
    check(ganzoo.AugmentationSpec(name="mine", summary="Darker.", factory=Darker))
    augmentation = ganzoo.AugmentationSpec(name="mine", summary="Darker.", factory=factory)
    assert message in broken(augmentation)


class Dots:
    class_names = ("a", "b")
    fingerprint = "dots"

    def __init__(self, options: Options) -> None: ...

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.full((8, 8, 3), index, np.uint8), index % 2


class Unsteady(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.random.default_rng().integers(256, size=(8, 8, 3), dtype=np.uint8), 0


class Floats(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.zeros((8, 8, 3)), 0


class Mislabeled(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.zeros((8, 8, 3), np.uint8), 2


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (Unsteady, "should be the same each time"),
        (Floats, "should be uint8"),
        (Mislabeled, "has the label 2 of 2 classes"),
    ],
)
def test_an_incorrect_dataset_is_found(factory: type, message: str) -> None:
    check(ganzoo.DatasetSpec(name="mine", summary="Dots.", factory=Dots))
    assert message in broken(ganzoo.DatasetSpec(name="mine", summary="Dots.", factory=factory))


def metric(measure: Any, **changes: Any) -> ganzoo.MetricSpec:
    return ganzoo.MetricSpec(name="mine", summary="Mine.", factory=lambda _: measure, **changes)


def test_a_correct_metric_passes() -> None:
    check(metric(lambda real, fake: {"mine": MetricValue(0.0, len(fake))}))
    check(metric(lambda real, fake: {"mine/a": MetricValue(0.0, len(fake))}, goal="high"))


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda r, f: {"mine": 1.0}, "mine is no Measured"),
        (lambda r, f: {"mine": MetricValue(1.0, 10**6)}, "mine is of 1000000 images"),
        (lambda r, f: {"mine": MetricValue(torch.rand(()).item(), len(f))}, "not the same twice"),
        (lambda r, f: {"mine": MetricValue(float("nan"), len(f))}, "mine is NaN"),
        (lambda r, f: {"other name": MetricValue(1.0, len(f))}, "a number called 'other name'"),
        (lambda r, f: {"mine/": MetricValue(1.0, len(f))}, "a number called 'mine/'"),
        (lambda r, f: {}, "measures nothing"),
    ],
)
def test_an_incorrect_metric_is_found(measure: Any, message: str) -> None:
    found = broken(metric(measure))
    assert message in found
    assert message == "not the same twice" or "not the same twice" not in found


def test_an_unknown_goal_is_found() -> None:
    wrong: Any = "lowest"
    good = metric(lambda real, fake: {"mine": MetricValue(0.0, len(fake))}, goal=wrong)
    assert broken(good) == "metric mine: its goal should be low, high or real, not 'lowest'"


def test_an_incorrect_extractor_is_found() -> None:
    class Means:
        identity = "means"

        def __init__(self, options: Options) -> None:
            pass

        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return images.float().mean((1, 2, 3))[:, None]

    class Together(Means):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return super().__call__(images) - images.float().mean()

    class Halves(Means):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return super().__call__(images).half()

    def extractor(factory: type) -> ganzoo.ExtractorSpec:
        return ganzoo.ExtractorSpec(name="mine", summary="Means.", factory=factory)

    check(extractor(Means))
    assert "depend on those beside it" in broken(extractor(Together))
    assert "features are torch.float16" in broken(extractor(Halves))

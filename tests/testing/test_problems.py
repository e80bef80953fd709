"""The checks accept state and frozen parameters, and list all problems together."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

import ganzoo
from ganzoo import ImageShape, MetricValue, Options
from ganzoo.testing import check, check_plugin
from tests.testing.networks import architecture


class Spectral(ganzoo.Discriminator):
    """Spectrally normalized, and partly frozen."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        size = image_shape.channels * image_shape.height * image_shape.width
        self.frozen = nn.Linear(size, 8).requires_grad_(False)
        self.first = spectral_norm(nn.Linear(8, 8))
        self.last = spectral_norm(nn.Linear(8, 1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        features = self.first(self.frozen(images.flatten(1)).relu()).relu()
        scores: Tensor = self.last(features).flatten()
        return scores


class Unused(Spectral):
    """It has a layer that its scores do not depend on."""

    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.unused = nn.Linear(1, 1)


class Declared(Unused):
    """Its unused layer is trained, although it is declared as frozen; another one is random."""

    frozen_parameters = ("unused", "frozen", "absent")


class Tiring(Spectral):
    """Its scores decrease with every call, and the number of calls is not in a buffer."""

    calls = 0

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        self.calls += 1
        return super().forward(images) - self.calls


class Clamping(Spectral):
    """It changes the images that it gets, real ones included."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        with torch.no_grad():
            images.clamp_(-0.5, 0.5)
        return super().forward(images)


class Averaging(nn.Module):
    """A loss with state."""

    independent_scores = True
    mean: Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        real, fake = scores.real, scores.fake
        return {"square": (real - self.mean.clone() - 1).square().mean() + fake.mean()}

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"square": (scores.fake - self.mean.clone()).square().mean()}

    def observe(self, step: Any, scores: Any) -> None:
        self.mean.lerp_(scores.real.mean(), 0.5)


class Counting(Averaging):
    """Its number of updates is not in its state."""

    updates = 0

    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        self.updates += 1
        return {"square": scores.fake.mean() * self.updates}


class Unsaved:
    """The same without any state, and with a misspelled optional method."""

    independent_scores = False
    updates = 0

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        self.updates += 1
        return {"score": scores.fake.mean() * self.updates}

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": -scores.fake.mean()}

    def constrains(self, discriminator: nn.Module) -> None: ...


class HalfSaved(Unsaved):
    def state_dict(self) -> dict[str, int]:
        return {"updates": self.updates}


class Unreadable(HalfSaved):
    def state_dict(self) -> dict[str, Any]:
        return {"self": Options()}

    def load_state_dict(self, state: Any) -> None: ...


class Strengthening:
    """An augmentation with state: every batch is darker than the previous one."""

    apply_to: Any = "all"
    batches = 0

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        self.batches += 1
        return torch.rand(n, 1, 1, 1, generator=random) / self.batches

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters

    def state_dict(self) -> dict[str, int]:
        return {"batches": self.batches}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.batches = state["batches"]


class Forgetting(Strengthening):
    def load_state_dict(self, state: dict[str, int]) -> None: ...


def loss(factory: Any = Averaging, **changes: Any) -> ganzoo.LossSpec:
    return ganzoo.LossSpec(**{"name": "mine", "summary": "A loss.", "factory": factory, **changes})


def augmentation(factory: Any) -> ganzoo.AugmentationSpec:
    return ganzoo.AugmentationSpec(name="mine", summary="Darker.", factory=factory)


def plugin(**hooks: list[Any]) -> ModuleType:
    module = ModuleType("mine")
    for name, components in hooks.items():

        def hook(components: list[Any] = components) -> list[Any]:
            return components

        module.__dict__[f"ganzoo_{name}"] = ganzoo.hookimpl(hook)
    return module


def problems_of(component: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(component)
    return str(caught.value)


def test_spectral_norm_frozen_parameters_and_state_pass() -> None:
    augmentations = [augmentation(Strengthening)]
    check_plugin(
        plugin(
            architectures=[architecture(discriminator=Spectral)],
            losses=[loss()],
            augmentations=augmentations,
        )
    )


def test_parameters_without_a_gradient_can_be_allowed() -> None:
    module = plugin(architectures=[architecture(discriminator=Unused)])
    with pytest.raises(
        AssertionError, match=r'allow=\{"NAME": \["discriminator.unused.weight"\]\}'
    ):
        check_plugin(module)
    with pytest.raises(AssertionError, match=r"no gradient for unused\.bias: use them"):
        check_plugin(module, allow={"mine": ["discriminator.unused.weight"]})
    check_plugin(module, allow={"mine": ["discriminator.unused"]})
    with pytest.raises(AssertionError, match="allow are given for your, which is not a component"):
        check_plugin(module, allow={"your": []})


def test_parameters_that_are_declared_as_frozen_never_change() -> None:
    found = problems_of(architecture(discriminator=Declared))
    assert "frozen_parameters names unused.weight, which is trained: call requires_grad_" in found
    assert "frozen_parameters names frozen.bias, which differs in the next network" in found
    assert "frozen_parameters names absent, which it does not have" in found
    assert "no gradient" not in found


def test_a_network_that_changes_its_input_is_found() -> None:
    found = problems_of(architecture(discriminator=Clamping))
    assert (
        found
        == "architecture mine: discriminator: it changes its input in place: compute a new tensor"
    )


def test_a_recipe_with_an_unknown_setting_or_component_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = ganzoo.RecipeSpec(name="mine", summary="A recipe.", settings="made_recipes/mine.toml")
    (tmp_path / "made_recipes").mkdir()
    file = tmp_path / "made_recipes" / "mine.toml"
    monkeypatch.syspath_prepend(tmp_path)
    for loss, steps, problem in (
        ("hinge", "train.steps = 10", ""),
        ("hinge", "train.step = 10", "there is no setting train.step (set by recipe mine); did"),
        ("hinges", "", "there is no loss called hinges; did you mean hinge or"),
    ):
        file.write_text(f'dataset = "blossoms"\narchitecture = "mlp"\nloss = "{loss}"\n{steps}\n')
        if not problem:
            check_plugin(plugin(recipes=[recipe]))
            continue
        with pytest.raises(AssertionError, match="a run cannot have its settings: ") as caught:
            check_plugin(plugin(recipes=[recipe]))
        assert problem in str(caught.value)


def test_a_recipe_with_damaged_results_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "measured_recipes").mkdir()
    (tmp_path / "measured_recipes" / "mine.toml").write_text(
        'dataset = "blossoms"\narchitecture = "mlp"\nloss = "hinge"\n'
    )
    (tmp_path / "measured_recipes" / "mine.json").write_text("[")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = ganzoo.RecipeSpec(
        name="mine",
        summary="A recipe.",
        settings="measured_recipes/mine.toml",
        results="measured_recipes/mine.json",
    )
    with pytest.raises(AssertionError, match=r"its results '.*mine\.json' cannot be read"):
        check_plugin(plugin(recipes=[recipe]))


@pytest.mark.parametrize(
    ("component", "messages"),
    [
        (loss(Counting), ["its terms differ after a resume"]),
        (
            loss(Unsaved),
            [
                "its terms differ after a resume",
                "its method constrains() is never called; did you mean constrain?",
            ],
        ),
        (loss(HalfSaved), ["it has state_dict() and no load_state_dict()"]),
        (loss(Unreadable), ["its state_dict() cannot be saved and loaded"]),
        (augmentation(Forgetting), ["its images differ after a resume"]),
        (architecture(discriminator=Tiring), ["discriminator: its output differs after a resume"]),
    ],
    ids=["counting", "unsaved", "half-saved", "unreadable", "forgetting", "tiring"],
)
def test_state_that_is_lost_by_a_resume_is_found(component: Any, messages: list[str]) -> None:
    found = problems_of(component)
    for message in messages:
        assert message in found


class Careless(Options):
    """Every option has a fault."""

    first: int = Field(1, description="A number without bounds.")
    second: float = Field(2.0, ge=3, description="A default out of its bounds.")
    third: str = "without a description"


class Failing(Unsaved):
    def __init__(self, options: Options) -> None:
        raise TypeError("a bug")


def test_all_problems_of_all_components_are_listed() -> None:
    nan = MetricValue(float("nan"), 3)
    module = plugin(
        losses=[
            loss(options=Careless, summary="No sentence", recommends={"train.step": 1}),
            loss(Failing, name="failing"),
            loss("no_such_module:Loss", name="absent"),
            loss(name="unset", options={"x": 1}),
        ],
        metrics=[
            ganzoo.MetricSpec(
                name="number", summary="A.", factory=lambda _: lambda r, f: {"x y": nan}
            )
        ],
    )
    with pytest.raises(AssertionError) as caught:
        check_plugin(module, options={"nothing": {}})
    title, *lines = str(caught.value).splitlines()
    assert title == f"{len(lines)} problems:"
    expected = [
        "plugin mine: options are given for nothing, which is not a component of it",
        "loss mine: its summary should be a sentence",
        "loss mine: recommends: there is no setting train.step; did you mean train.steps",
        "loss mine: option 'first' is a number and needs bounds",
        "loss mine: option 'third' needs a description",
        "loss mine: option 'second': its default 2.0: input should be greater than or equal to 3",
        "loss failing: it cannot be checked: TypeError: a bug (",
        "loss absent: its factory 'no_such_module:Loss' cannot be imported: ModuleNotFoundError",
        "loss unset: its options should be a class derived from ganzoo.Options",
        "metric number: returns a value named 'x y'",
        "metric number: x y is NaN",
    ]
    for line in expected:
        assert any(found.startswith(f"  - {line}") for found in lines), line
    assert len(lines) == len(expected)


class Refusing(Failing):
    def __init__(self, options: Options) -> None:
        raise ValueError("the core makes a RequestError of this")


@pytest.mark.parametrize("factory", [Failing, Refusing])
def test_an_error_is_listed_with_its_place_in_the_plugin(factory: Any) -> None:
    line = factory.__init__.__code__.co_firstlineno + 1
    assert f"({__file__}:{line})" in problems_of(loss(factory))


def test_a_plugin_that_cannot_be_loaded_is_listed() -> None:
    def ganzoo_losses() -> list[Any]:
        return []

    module = ModuleType("mine")
    module.__dict__["ganzoo_losses"] = ganzoo_losses
    with pytest.raises(AssertionError, match=r"plugin mine: .*ganzoo_losses is not decorated"):
        check_plugin(module)

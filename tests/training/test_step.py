"""What a step offers: rows of all processes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.components import AugmentationSpec
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import Condition, Discriminator, ImageShape, Phase, RealImages, Step
from ganzoo.errors import PluginError
from ganzoo.layers import MinibatchStddev
from ganzoo.options import Options
from ganzoo.registry import Entry, Plugin, Registry
from ganzoo.sections import TrainOptions
from ganzoo.shard import Shard
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


def made_step(
    *networks: str,
    replacement: type | None = None,
    condition: Condition | None = None,
    loss_name: str = "hinge",
    discriminator: Discriminator | None = None,
) -> TrainingStep:
    """A step of four images in each process; its phase updates these networks."""
    entry = Registry.discover().find("loss", loss_name)
    chosen = ConfiguredComponent(entry, entry.component.options())
    loss, augmentations = BuiltComponent(chosen, torch.device("cpu")), {}
    if replacement:
        spec = AugmentationSpec(name="mine", summary="Replaces.", factory=replacement)
        entry = Entry(spec, Plugin("mine", "mine", "0"))
        mine = ConfiguredComponent(entry, Options())
        augmentations["mine"] = BuiltComponent(mine, torch.device("cpu"))
    components = Components(loss, {}, augmentations)
    shape, engine = ImageShape(3, 8, 8), Engine(TrainOptions(device="cpu"))
    used = stand_ins(shape)
    if discriminator:
        compares = any(isinstance(m, MinibatchStddev) for m in discriminator.modules())
        used = replace(used, discriminator=discriminator, batch_dependent_scores=compares)
    setup = trial_setup(components, used, shape, engine, condition)
    phase = Phase(name="tried", networks=networks or ("generator",), terms=lambda step: {})
    return TrainingStep(setup, Progress(images_seen=4), phase, 0)


def test_gradients_of_terms_of_all_rows_average_to_those_of_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = torch.rand(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(5, dtype=torch.float64, requires_grad=True)
    whole = variance(x * weight)
    (expected,) = torch.autograd.grad(whole, weight)
    step = made_step()
    monkeypatch.setattr(Engine, "gather", lambda self, rows: x.clone())
    found: list[Tensor] = []
    for rank, rows in enumerate(x.chunk(2)):
        monkeypatch.setattr(step, "part", Shard(rank, 2))
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

    def without_collection(self: Updater, *arguments: Any, **more: Any) -> None:
        gc.disable()
        try:
            update(self, *arguments, **more)
            alive.append(made[-1]() is not None)
        finally:
            gc.enable()

    monkeypatch.setattr(TrainingStep, "__init__", record)
    monkeypatch.setattr(Updater, "update", without_collection)
    ganzoo.train(**tiny(steps=1, regularize="r1"))
    assert alive == [False] * 3


class Replacing:
    """Replaces every second real image by a generated one."""

    apply_to: Literal["real"] = "real"

    def __init__(self, options: Options) -> None: ...

    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        assert step.generate().condition is real.condition
        chosen = torch.arange(len(real.images))[:, None, None, None] % 2 == 1
        return torch.where(chosen, step.generate().images, real.images)


@pytest.mark.parametrize("condition", [None, Condition("class", ("rose", "iris"))])
def test_real_images_are_replaced_when_the_discriminator_is_updated(
    condition: Condition | None,
) -> None:
    untouched = made_step("discriminator", condition=condition).real
    found = made_step("discriminator", replacement=Replacing, condition=condition).real
    assert torch.equal(found.images[::2], untouched.images[::2])
    assert not torch.isclose(found.images[1::2], untouched.images[1::2]).any(1).all()
    assert (found.condition is None) == (condition is None)


def test_replaced_images_have_no_gradient_in_a_phase_of_both_networks() -> None:
    step = made_step("generator", "discriminator", replacement=Replacing)
    assert not step.real.images.requires_grad
    assert step.fake.images.requires_grad


def test_the_generator_is_updated_with_the_real_images_unchanged() -> None:
    real, untouched = made_step(replacement=Replacing).real, made_step().real
    assert torch.equal(real.images, untouched.images)


def test_a_replacement_of_another_shape_is_an_error_of_the_plugin() -> None:
    class Wrong(Replacing):
        def replace_real(self, step: Step, real: RealImages) -> Tensor:
            return real.images[:1]

    with pytest.raises(PluginError, match=r"replace_real\(\) has the shape"):
        _ = made_step("discriminator", replacement=Wrong).real


def test_a_replacement_is_for_real_images_only() -> None:
    class Wrong(Replacing):
        apply_to: Any = "all"

    with pytest.raises(PluginError, match='apply_to must be "real"'):
        made_step("discriminator", replacement=Wrong)


class Recorded(Discriminator):
    """Counts its passes; ``norm`` is its first layer."""

    def __init__(self, norm: nn.Module | None = None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.weight = nn.Parameter(torch.randn(3 * 8 * 8, generator=generator))
        self.norm = norm or nn.Identity()
        self.sizes: list[int] = []

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        self.sizes.append(len(images))
        scores: Tensor = (self.norm(images).flatten(1) @ self.weight).tanh()
        return scores if condition is None else scores + condition


class Compared(nn.Module):
    """Multiplies images by the deviation in a group of up to 8, two batches if they were one."""

    def __init__(self) -> None:
        super().__init__()
        self.deviation = MinibatchStddev(8)

    def forward(self, x: Tensor) -> Tensor:
        deviation: Tensor = self.deviation(x)[:, -1:]
        return x * deviation


ROSE = Condition("class", ("rose", "iris"))


@pytest.mark.parametrize("condition", [None, ROSE], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("norm", [nn.Identity, Compared])
def test_scores_of_real_and_generated_images_are_computed_in_one_pass(
    norm: type[nn.Module], condition: Condition | None
) -> None:
    found = {}
    for together in (True, False):
        used = Recorded(norm())
        step = made_step(
            "discriminator", loss_name="wgan-gp", discriminator=used, condition=condition
        )
        if together:
            step.compute_scores()
        fake, real = step.scores.fake, step.scores.real
        assert used.sizes == ([8] if together else [4, 4])
        (gradient,) = torch.autograd.grad((fake - 2 * real).sum(), used.weight)
        found[together] = fake, real, gradient
    for one, two in zip(*found.values(), strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize(
    ("networks", "loss", "norm"),
    [
        (["discriminator"], "hinge", None),
        (["discriminator"], "wgan-gp", nn.BatchNorm2d(3)),
        (["discriminator", "generator"], "wgan-gp", None),
    ],
    ids=["no requirement", "batch norm", "both networks"],
)
def test_other_scores_are_computed_in_one_pass_for_each_kind(
    networks: list[str], loss: str, norm: nn.Module | None
) -> None:
    used = Recorded(norm)
    made_step(*networks, loss_name=loss, discriminator=used).compute_scores()
    assert used.sizes == [4, 4]

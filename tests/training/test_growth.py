from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import ImageShape, Networks
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.growth import GrowthPoint, GrowthSchedule, Stage

REGISTRY = Registry.discover()
IMAGE = ImageShape(3, 32, 32)


class GrowingNetwork(nn.Module):
    """One weight for each stage."""

    def __init__(self, stages: list[ImageShape]) -> None:
        super().__init__()
        self.stages = stages
        self.weights = nn.ParameterList(torch.zeros(1) for _ in stages)
        self.at = (len(stages) - 1, 1.0)

    def grow(self, stage: int, fade: float) -> None:
        self.at = (stage, fade)

    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        yield self.weights[stage]


class GrowingGenerator(GrowingNetwork, ganzoo.Generator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        raise NotImplementedError


class GrowingDiscriminator(GrowingNetwork, ganzoo.Discriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        raise NotImplementedError


def networks(image_shape: ImageShape = IMAGE) -> Networks:
    return Networks(
        generator=GrowingGenerator(image_shape.halved_shapes()),
        discriminator=GrowingDiscriminator(image_shape.halved_shapes()),
    )


def run(**settings: Any) -> Run:
    gathered = Settings()
    gathered.add({"dataset": "blossoms", "architecture": "growing-mlp", "loss": "hinge"}, "test")
    gathered.add({key.replace("__", "."): value for key, value in settings.items()}, "test")
    return Run.resolve(gathered, REGISTRY)


def schedule(batches_per_step: int = 1, **settings: Any) -> GrowthSchedule:
    settings = {"growth__fade_images": 100, "growth__stable_images": 200} | settings
    return GrowthSchedule(run(**settings), networks(), IMAGE, batches_per_step=batches_per_step)


def test_halvings_stop_at_odd_or_too_small_sides() -> None:
    assert [image.height for image in ImageShape(1, 32, 32).halved_shapes()] == [4, 8, 16, 32]
    assert [image.height for image in ImageShape(1, 28, 28).halved_shapes()] == [7, 14, 28]
    assert ImageShape(3, 24, 40).halved_shapes(7) == [(3, 12, 20), (3, 24, 40)]
    assert ImageShape(3, 37, 37).halved_shapes() == [(3, 37, 37)]
    assert ImageShape(3, 2, 2).halved_shapes() == [(3, 2, 2)]


@pytest.mark.parametrize(
    ("width", "height", "nearest"),
    [
        (37, 37, "of 4, and at least 16; set data.resolution: the nearest size is 36 x 36"),
        (100, 100, "of 8, and at least 32; set data.resolution: the nearest size is 96 x 96"),
        (4, 4, "of 2, and at least 8; set data.resolution: the nearest size is 8 x 8"),
        (8, 9, "of 2, and at least 8; set data.resolution: the nearest size is 8 x 8"),
        (200, 50, "of 4, and at least 16; set data.resolution: the nearest size is 200 x 48"),
    ],
)
def test_a_shape_that_cannot_be_halved_is_refused_with_the_nearest_one(
    width: int, height: int, nearest: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(nearest)):
        ImageShape(3, height, width).halved_shapes(largest=15)


def test_the_nearest_size_that_a_message_names_is_possible() -> None:
    for side in range(8, 300):
        try:
            shapes = ImageShape(3, side, side).halved_shapes(largest=15)
        except ValueError as error:
            nearest = int(str(error).rsplit(" ", 1)[1])
            shapes = ImageShape(3, nearest, nearest).halved_shapes(largest=15)
        assert len(shapes) > 1
        assert 4 <= shapes[0].height <= 15


def test_stages_follow_each_other_in_images_seen() -> None:
    stages = schedule().stages
    assert [stage.image_shape.height for stage in stages] == [4, 8, 16, 32]
    assert [stage.starts_at for stage in stages] == [0, 200, 500, 800]
    assert [stage.fade_images for stage in stages] == [0, 100, 100, 100]


@pytest.mark.parametrize(
    ("seen", "height", "fade"),
    [(0, 4, 1), (199, 4, 1), (200, 8, 0), (250, 8, 0.5), (300, 8, 1), (499, 8, 1), (5000, 32, 1)],
)
def test_stage_and_fade_follow_from_the_images_seen(seen: int, height: int, fade: float) -> None:
    point = schedule().at(seen)
    assert (point.stage.image_shape.height, point.fade) == (height, fade)


def test_growth_starts_at_the_first_resolution_that_is_large_enough() -> None:
    late = schedule(growth__start=9)
    assert [(stage.number, stage.starts_at) for stage in late.stages] == [(2, 0), (3, 200)]
    assert late.at(0).fade == 1


def test_batch_size_and_learning_rate_apply_from_a_resolution_on() -> None:
    found = schedule(
        train__batch_size=64, growth__batch_size={"8": 48, "32": 16}, growth__lr_factor={"16": 0.5}
    )
    assert [stage.batch_size for stage in found.stages] == [64, 48, 48, 16]
    early = schedule(train__batch_size=64, growth__batch_size={"8": 6, "32": 16})
    assert [stage.batch_size for stage in early.stages] == [64, 6, 6, 6]
    assert [stage.lr_factor for stage in found.stages] == [1, 1, 0.5, 0.5]
    small = schedule(train__batch_size=8, growth__batch_size={"8": 48, "32": 16})
    assert {stage.batch_size for stage in small.stages} == {8}


@pytest.mark.parametrize("images", [1, 199, 200, 201, 333, 500, 800, 900, 4321])
def test_the_number_of_steps_is_that_of_a_simulated_run(images: int) -> None:
    found = schedule(batches_per_step=3, train__batch_size=24, growth__batch_size={"8": 7, "16": 5})
    steps = seen = 0
    while seen < images:
        steps, seen = steps + 1, seen + 3 * found.at(seen).stage.batch_size
        if seen < images:
            assert found.steps(images) == steps + found.steps(images, seen)
    assert found.steps(images) == steps
    assert found.images(steps) == seen


def test_all_layers_of_a_stage_or_only_the_newest_are_trained() -> None:
    found, frozen = schedule(), schedule(growth__freeze=True)
    generator = networks().generator
    assert isinstance(generator, GrowingGenerator)

    def trained(by: GrowthSchedule) -> list[list[str]]:
        return [list(by.trained_parameters(generator, stage)) for stage in by.stages]

    first, second, third, fourth = (f"weights.{number}" for number in range(4))
    so_far = [[first], [first, second], [first, second, third], [first, second, third, fourth]]
    assert trained(found) == so_far
    assert trained(frozen) == [[first], [second], [third], [fourth]]
    assert trained(schedule(growth__freeze=True, growth__start=16)) == [so_far[2], [fourth]]


def test_networks_that_do_not_grow_have_one_stage() -> None:
    plain = Networks(generator=Plain(), discriminator=PlainCritic())
    single = GrowthSchedule(run(architecture="mlp", train__batch_size=10), plain, IMAGE)
    assert single.stages == (Stage(0, IMAGE, 10),)
    assert single.steps(95) == 10
    assert single.warning(1) is None


def test_a_run_that_is_too_short_to_grow_fully_gets_a_warning() -> None:
    enough = schedule(train__batch_size=10).steps(900)
    assert schedule(train__batch_size=10).warning(enough) is None
    warning = schedule(train__batch_size=10).warning(enough - 1)
    assert warning is not None
    assert "faded in after 900 images, but this run ends before" in warning
    odd = ImageShape(3, 37, 37)
    warning = GrowthSchedule(run(), networks(odd), odd).warning(1000)
    assert warning == "the networks cannot grow: 37 x 37 pixels are the only stage"


class Plain(ganzoo.Generator):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        raise NotImplementedError


class PlainCritic(ganzoo.Discriminator):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"growth__start": 64}, "growth.start=64: the images have 32 x 32 pixels, so start"),
        (
            {"growth__batch_size": {"16": 5}},
            "a batch of 5 images at 16 x 16 pixels cannot be split into train.devices=2 equal "
            "parts: set growth.batch_size.16=2, or a multiple",
        ),
    ],
)
def test_growth_settings_that_do_not_fit_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ganzoo.RequestError, match=re.escape(message)):
        GrowthSchedule(run(**settings), networks(), IMAGE, processes=2)


def test_real_images_are_average_pooled_and_faded_like_the_networks() -> None:
    real = torch.rand(2, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    stage = Stage(1, ImageShape(3, 8, 8), 4)
    small = GrowthPoint(stage, 1.0).shrink(real)
    assert torch.allclose(small, real.view(2, 3, 8, 4, 8, 4).mean((3, 5)))
    means = small.view(2, 3, 4, 2, 4, 2).mean((3, 5), keepdim=True)
    coarse = means.expand(-1, -1, -1, 2, -1, 2).reshape(2, 3, 8, 8)
    assert torch.allclose(GrowthPoint(stage, 0.0).shrink(real), coarse, atol=1e-6)
    half = GrowthPoint(stage, 0.5).shrink(real)
    assert torch.allclose(half, (small + coarse) / 2, atol=1e-6)
    assert half.is_contiguous(memory_format=torch.channels_last)
    assert GrowthPoint(Stage(3, IMAGE, 4), 1.0).shrink(real) is real


def test_networks_that_grow_are_set_to_a_stage() -> None:
    generator = networks().generator
    assert isinstance(generator, GrowingGenerator)
    GrowthPoint(Stage(1, ImageShape(3, 8, 8), 4), 0.25).grow(generator, Plain())
    assert generator.at == (1, 0.25)

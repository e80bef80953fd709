from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

import ganzoo
from ganzoo import ImageShape
from ganzoo.imaging import enlarged
from ganzoo.testing import check
from tests.testing.networks import DenseDiscriminator, architecture


class Layers(nn.Module):
    """A dense layer for the images of each stage."""

    layers: nn.ModuleList
    stages: list[ImageShape]

    def begin(self, image_shape: ImageShape) -> list[int]:
        self.stages = image_shape.halved_shapes(8)
        self.grow(len(self.stages) - 1, 1.0)
        return [stage.channels * stage.height * stage.width for stage in self.stages]

    def grow(self, stage: int, fade: float) -> None:
        self.stage, self.fade = stage, fade

    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        yield from self.layers[stage].parameters()


class ImageMaker(Layers, ganzoo.Generator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, size) for size in self.begin(image_shape))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4, generator=random)

    def made(self, stage: int, latents: Tensor) -> Tensor:
        images: Tensor = self.layers[stage](latents).tanh().view(-1, *self.stages[stage])
        return images

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images = self.made(self.stage, latents)
        if self.stage and self.fade < 1:
            images = enlarged(self.made(self.stage - 1, latents), 2).lerp(images, self.fade)
        return images


class Scorer(Layers, ganzoo.Discriminator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(size, 1) for size in self.begin(image_shape))

    def scored(self, stage: int, images: Tensor) -> Tensor:
        scores: Tensor = self.layers[stage](images.flatten(1)).flatten()
        return scores

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores = self.scored(self.stage, images)
        if self.stage and self.fade < 1:
            scores = self.scored(self.stage - 1, avg_pool2d(images, 2)).lerp(scores, self.fade)
        return scores


class Abrupt(ImageMaker):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.made(self.stage, latents)


class Jumping(ImageMaker):
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        if self.stage and self.fade == 0:
            return enlarged(self.made(self.stage - 1, latents), 2)
        return self.made(self.stage, latents)


class HalfFaded(ImageMaker):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.grow(len(self.stages) - 1, 0.5)


class Forgetful(ImageMaker):
    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        yield next(self.layers[stage].parameters())  # and not its bias


class Greedy(ImageMaker):
    def stage_parameters(self, stage: int) -> Iterator[nn.Parameter]:
        yield from self.layers.parameters()


class Short(ImageMaker):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__(image_shape)
        self.stages = self.stages[1:]


class AbruptScorer(Scorer):
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.scored(self.stage, images)


def test_correct_growing_networks_pass() -> None:
    check(architecture(ImageMaker, Scorer, grows=True))


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        (ImageMaker, DenseDiscriminator, "only one of its networks is a GrowingNetwork"),
        (Short, Scorer, "generator and discriminator have different stages"),
        (Forgetful, Scorer, "layers.0.bias belongs to 0 stages"),
        (Greedy, Scorer, "layers.0.weight belongs to 3 stages"),
        (HalfFaded, Scorer, "generator: a new network should be at its last stage"),
        (Jumping, Scorer, "generator: at fade 0, stage 1 should give the same output as stage 0"),
        (Abrupt, Scorer, "generator: at fade 0, stage 1 should give the same output as stage 0"),
        (
            ImageMaker,
            AbruptScorer,
            "discriminator: at fade 0, stage 1 should give the same output as stage 0",
        ),
    ],
)
def test_incorrect_growing_networks_are_found(
    generator: type[ImageMaker], discriminator: Any, message: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        check(architecture(generator, discriminator, grows=True))
    assert message in str(caught.value)


def test_growing_networks_must_be_declared() -> None:
    with pytest.raises(AssertionError, match="GrowingNetwork: declare grows=True"):
        check(architecture(ImageMaker, Scorer))

"""Networks that grow: ``ganzoo train blossoms growing wgan-gp --plugin growing.py``."""

from collections.abc import Iterable, Iterator
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import (
    Architecture,
    Discriminator,
    Generator,
    ImageShape,
    Needs,
    Networks,
    Options,
    hookimpl,
)


class GrowingGenerator(Generator):
    """One matrix for the pictures of each stage, then tanh."""

    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.stages = image.halvings(8)  # such as 8, 16 and 32 pixels
        self.layers = nn.ModuleList(nn.Linear(32, prod(shape)) for shape in self.stages)
        self.grow(len(self.stages) - 1, 1.0)

    def grow(self, stage: int, fade: float) -> None:
        """Work at this stage from now on."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of this stage."""
        return self.layers[stage].parameters()

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, the same at all stages."""
        return torch.randn(n, 32, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures in [-1, 1], faded into those of the stage before."""
        images = self.made(self.stage, latents)
        if self.stage and self.fade < 1:
            before = interpolate(self.made(self.stage - 1, latents), scale_factor=2.0)
            images = before.lerp(images, self.fade)
        return images

    def made(self, stage: int, latents: Tensor) -> Tensor:
        """The pictures of one stage."""
        images: Tensor = self.layers[stage](latents).tanh().view(-1, *self.stages[stage])
        return images


class GrowingDiscriminator(Discriminator):
    """One vector for the pictures of each stage."""

    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.stages = image.halvings(8)
        self.layers = nn.ModuleList(nn.Linear(prod(shape), 1) for shape in self.stages)
        self.grow(len(self.stages) - 1, 1.0)

    def grow(self, stage: int, fade: float) -> None:
        """Work at this stage from now on."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of this stage."""
        return self.layers[stage].parameters()

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """One score each, faded into that of the stage before."""
        scores = self.scored(self.stage, images)
        if self.stage and self.fade < 1:
            scores = self.scored(self.stage - 1, avg_pool2d(images, 2)).lerp(scores, self.fade)
        return scores

    def scored(self, stage: int, images: Tensor) -> Tensor:
        """The scores of one stage."""
        scores: Tensor = self.layers[stage](images.flatten(1)).flatten()
        return scores


def build(options: Options, *, image: ImageShape, classes: int, needs: Needs) -> Networks:
    """Both players."""
    return Networks(generator=GrowingGenerator(image), discriminator=GrowingDiscriminator(image))


@hookimpl
def ganzoo_architectures() -> Iterable[Architecture]:
    """One architecture."""
    yield Architecture(
        name="growing",
        summary="One matrix for each size.",
        factory=build,
        grows=True,
        recommends={"growth.fade_images": 20_000, "growth.stable_images": 20_000},
    )

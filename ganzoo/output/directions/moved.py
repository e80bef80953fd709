"""A generator whose images are moved along directions."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from ganzoo.contracts import Generator, MappingGenerator
from ganzoo.output.directions.saved import Directions
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator

G = TypeVar("G", bound=TrainedGenerator)


def moved(trained: G, directions: Directions, amounts: Mapping[str, float]) -> G:
    """The same trained generator, whose images are moved by these amounts, by name of a direction.

    An amount of 1 is one standard deviation of the points of random latents. A conditional,
    truncated or interpolated image is moved, too.

    Raises RequestError if a name is unknown, or if the directions belong to another generator.
    """
    require_fit(trained, directions)
    other = copy.copy(trained)
    other.generator = moved_generator(trained.generator, directions.offset(amounts))
    return other


def require_fit(trained: TrainedGenerator, directions: Directions) -> None:
    """Raise RequestError if the directions belong to another generator."""
    space = LatentSpace(trained.generator)
    with torch.no_grad():
        points = space.points(trained.latents(1), trained.conditions(1, 0))
    directions.require_fit(space, points.shape[1:])


def moved_generator(generator: Generator, offset: Tensor) -> Generator:
    """The generator with an offset, in the shape of one point, added to its points."""
    moved = MovedMapping if isinstance(generator, MappingGenerator) else MovedGenerator
    device = LatentSpace(generator).device
    return moved(generator, offset).to(device).eval()


class MovedGenerator(Generator):
    """A generator that adds an offset to its latents."""

    offset: Tensor

    def __init__(self, generator: Generator, offset: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("offset", offset, persistent=False)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """``n`` latents of the generator; the offset is added to them later."""
        latents: Tensor = self.generator.sample_latents(n, random)
        return latents

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of the moved latents."""
        images: Tensor = self.generator(latents + self.offset, condition)
        return images


class MovedMapping(MovedGenerator):
    """A generator that adds an offset to its intermediate latents, after any truncation of them."""

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The intermediate latents; the offset is added to them later."""
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.map(latents, condition)

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """The images of the moved intermediate latents."""
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.synthesize(intermediate + self.offset)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of the moved intermediate latents."""
        return self.synthesize(self.map(latents, condition))

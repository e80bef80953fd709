"""Fully connected networks that gain a layer and a resolution per stage, as in Karras et al. 2017.

Stage 0 is of the smallest pictures; each further one doubles height and width. All layers are
there from the start: the attributes ``stage`` and ``fade`` say which of them are used. Each hidden
unit sees its own picture alone, so scores are independent of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import Discriminator, Generator, ImageShape, Needs, Networks

if TYPE_CHECKING:
    from ganzoo_growing_mlp import GrowingMlpOptions


def build(options: GrowingMlpOptions, *, image: ImageShape, classes: int, needs: Needs) -> Networks:
    """Both networks, which meet every need.

    Raises ValueError where labels are asked for and the pictures have none.
    """
    if options.conditional and not classes:
        raise ValueError(
            "the pictures have no labels: leave conditional out, or use a dataset that has them"
        )
    generator = GrowingMlpGenerator(options, image, classes)
    discriminator = GrowingMlpDiscriminator(options, image, classes)
    generator.apply(_initialise)
    discriminator.apply(_initialise)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class GrowingMlpGenerator(Generator):
    """One hidden ReLU layer more each stage, then every pixel by tanh, in a layer of its own.

    Labels become latents of their own, learned.
    """

    def __init__(self, options: GrowingMlpOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.stages = image.halvings()
        self.latents = options.latents
        widths = _widths(options, len(self.stages))
        inputs = options.latents * (1 + options.conditional)
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(fan_in, fan_out), nn.ReLU())
            for fan_in, fan_out in pairwise([inputs, *widths])
        )
        self.to_pixels = nn.ModuleList(
            nn.Sequential(nn.Linear(width, prod(shape)), nn.Tanh(), nn.Unflatten(1, tuple(shape)))
            for width, shape in zip(widths, self.stages, strict=True)
        )
        self.grow(len(self.stages) - 1, fade=1)

    def grow(self, stage: int, fade: float) -> None:
        """Make the pictures of ``stage`` from now on, faded into those of the stage before."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of its block and its pixels; the first stage has the embedding, too."""
        yield from self.blocks[stage].parameters()
        yield from self.to_pixels[stage].parameters()
        if self.embed is not None and stage == 0:
            yield from self.embed.parameters()

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latents)."""
        x = latents
        if self.embed is not None:
            x = torch.cat((x, self.embed(labels)), dim=1)
        for block in self.blocks[: self.stage]:
            x = block(x)
        images: Tensor = self.to_pixels[self.stage](self.blocks[self.stage](x))
        if self.stage and self.fade < 1:
            before = interpolate(self.to_pixels[self.stage - 1](x), scale_factor=2.0)
            images = before.lerp(images, self.fade)
        return images


class GrowingMlpDiscriminator(Discriminator):
    """One hidden LeakyReLU layer more each stage, before the others; it reads pixels by its own.

    Labels become inputs of their own, learned.
    """

    def __init__(self, options: GrowingMlpOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.stages = image.halvings()
        widths = _widths(options, len(self.stages))
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None
        labels = options.latents * options.conditional
        self.from_pixels = nn.ModuleList(
            _hidden(prod(shape) + labels, width, options.dropout)
            for width, shape in zip(widths, self.stages, strict=True)
        )
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(widths[0], 1), nn.Flatten(0))])
        self.blocks.extend(
            _hidden(wide, narrow, options.dropout) for narrow, wide in pairwise(widths)
        )
        self.grow(len(self.stages) - 1, fade=1)

    def grow(self, stage: int, fade: float) -> None:
        """Score the pictures of ``stage`` from now on, faded into those of the stage before."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of its pixels and its block; the first stage has the embedding, too."""
        yield from self.from_pixels[stage].parameters()
        yield from self.blocks[stage].parameters()
        if self.embed is not None and stage == 0:
            yield from self.embed.parameters()

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        x: Tensor = self.blocks[self.stage](self._read(self.stage, images, labels))
        if self.stage and self.fade < 1:
            before = self._read(self.stage - 1, avg_pool2d(images, 2), labels)
            x = before.lerp(x, self.fade)
        for block in reversed(self.blocks[: self.stage]):
            x = block(x)
        return x

    def _read(self, stage: int, images: Tensor, labels: Tensor | None) -> Tensor:
        x = images.flatten(1)
        if self.embed is not None:
            x = torch.cat((x, self.embed(labels)), dim=1)
        units: Tensor = self.from_pixels[stage](x)
        return units


def _widths(options: GrowingMlpOptions, stages: int) -> list[int]:
    """The units of the hidden layer that each stage adds."""
    return [min(options.width << stage, options.max_width) for stage in range(stages)]


def _hidden(fan_in: int, fan_out: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2), nn.Dropout(dropout))


def _initialise(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases zero: signals keep their size (He et al. 2015)."""
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)

"""Fully connected networks that gain a layer and a resolution per stage, as in Karras et al. 2017.

Stage 0 is of the smallest pictures; each further one doubles height and width. Each hidden unit
sees its own picture alone, so scores are independent of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import GrowingDiscriminator, GrowingGenerator, ImageShape, Needs, Networks

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
    _quieten(generator.doors[1:])
    discriminator.apply(_initialise)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class GrowingMlpGenerator(GrowingGenerator):
    """One hidden ReLU layer more each stage, then every pixel by tanh, in a layer of its own.

    Labels become latents of their own, learned.
    """

    def __init__(self, options: GrowingMlpOptions, image: ImageShape, classes: int) -> None:
        stages = image.halvings()
        widths = _widths(options, len(stages))
        inputs = options.latents * (1 + options.conditional)
        super().__init__(
            stages,
            blocks=(
                nn.Sequential(nn.Linear(fan_in, fan_out), nn.ReLU())
                for fan_in, fan_out in pairwise([inputs, *widths])
            ),
            doors=(
                nn.Sequential(
                    nn.Linear(width, prod(shape)), nn.Tanh(), nn.Unflatten(1, tuple(shape))
                )
                for width, shape in zip(widths, stages, strict=True)
            ),
        )
        self.latents = options.latents
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latents)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(labels)), dim=1)
        return self.grown(latents)


class GrowingMlpDiscriminator(GrowingDiscriminator):
    """One hidden LeakyReLU layer more each stage, before the others; it reads pixels by its own.

    Labels become inputs of their own, learned.
    """

    def __init__(self, options: GrowingMlpOptions, image: ImageShape, classes: int) -> None:
        stages = image.halvings()
        widths = _widths(options, len(stages))
        labels = options.latents * options.conditional
        score = nn.Sequential(nn.Linear(widths[0], 1), nn.Flatten(0))
        super().__init__(
            stages,
            blocks=[
                score,
                *(_hidden(wide, narrow, options.dropout) for narrow, wide in pairwise(widths)),
            ],
            doors=(
                _Reading(_hidden(prod(shape) + labels, width, options.dropout))
                for width, shape in zip(widths, stages, strict=True)
            ),
        )
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        return self.grown(images, *([] if self.embed is None else [self.embed(labels)]))


class _Reading(nn.Module):
    """A layer over all pixels, and a label's inputs beside them."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, images: Tensor, *labels: Tensor) -> Tensor:
        units: Tensor = self.layer(torch.cat((images.flatten(1), *labels), dim=1))
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


@torch.no_grad()
def _quieten(doors: Iterable[nn.Module]) -> None:
    """Let the pictures of new stages begin near grey.

    While they fade in, a critic would tell them by their noise alone: on MNIST its loss fell below
    0.001, and it took 2,000 steps until the generator learned again.
    """
    for door in doors:
        for parameter in door.parameters():
            parameter.mul_(0.1)

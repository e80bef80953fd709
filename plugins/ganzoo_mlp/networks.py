"""Fully connected networks after Goodfellow et al. 2014, with the labels of Mirza & Osindero.

Each hidden unit sees its own picture alone, so scores are independent of the batch. The paper's
discriminator had maxout units and dropout; LeakyReLU took the place of maxout.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, ImageShape, Needs, Networks

if TYPE_CHECKING:
    from ganzoo_mlp import MlpOptions


def build(options: MlpOptions, *, image: ImageShape, classes: int, needs: Needs) -> Networks:
    """Both networks, which meet every need.

    Raises ValueError where labels are asked for and the pictures have none.
    """
    if options.conditional and not classes:
        raise ValueError(
            "the pictures have no labels: leave conditional out, or use a dataset that has them"
        )
    generator = MlpGenerator(options, image, classes)
    discriminator = MlpDiscriminator(options, image, classes)
    generator.apply(_initialise)
    discriminator.apply(_initialise)
    return Networks(
        generator=generator, discriminator=discriminator, conditional=options.conditional
    )


class MlpGenerator(Generator):
    """Hidden ReLU layers, then every pixel by tanh. Labels become latents of their own, learned."""

    def __init__(self, options: MlpOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.latents = options.latents
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None
        inputs = options.latents * (1 + options.conditional)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise([inputs] + [options.width] * options.layers):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        layers += [nn.Linear(options.width, prod(image)), nn.Tanh()]
        self.layers = nn.Sequential(*layers, nn.Unflatten(1, tuple(image)))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latents)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(labels)), dim=1)
        images: Tensor = self.layers(latents)
        return images


class MlpDiscriminator(Discriminator):
    """Hidden LeakyReLU layers, then one score. Labels become inputs of their own, learned."""

    def __init__(self, options: MlpOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None
        inputs = prod(image) + options.latents * options.conditional
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise([inputs] + [options.width] * options.layers):
            layers += [nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2), nn.Dropout(options.dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(options.width, 1), nn.Flatten(0))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        inputs = images.flatten(1)
        if self.embed is not None:
            inputs = torch.cat((inputs, self.embed(labels)), dim=1)
        scores: Tensor = self.layers(inputs)
        return scores


def _initialise(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases zero: signals keep their size (He et al. 2015).

    With smaller weights, as torch's own or those of DCGAN, and no norm to make up for them,
    generators stay near one picture for thousands of steps.
    """
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)

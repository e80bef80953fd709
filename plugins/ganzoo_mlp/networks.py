"""Fully connected generator and discriminator as in Goodfellow et al. 2014.

Conditions are embedded as in Mirza & Osindero 2014. The paper's discriminator has maxout units;
here they are LeakyReLU. No layer has batch statistics, so scores are independent of the batch.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    Discriminator,
    Dropout,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
)

if TYPE_CHECKING:
    from ganzoo_mlp import MlpOptions


def build(
    options: MlpOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; the discriminator's scores are independent of the batch."""
    generator = MlpGenerator(options, image_shape, condition)
    discriminator = MlpDiscriminator(options, image_shape, condition)
    generator.apply(_initialize)
    discriminator.apply(_initialize)
    return Networks(generator=generator, discriminator=discriminator)


class MlpGenerator(Generator):
    """Hidden ReLU layers, then an output layer with tanh.

    A learned embedding of the condition is concatenated to the latents.
    """

    def __init__(
        self, options: MlpOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        self.latent_dim = options.latent_dim
        self.conditioned = ConditionedLatents(options.latent_dim, condition)
        widths = [self.conditioned.width] + [options.width] * options.layers
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        layers += [nn.Linear(options.width, prod(image_shape)), nn.Tanh()]
        self.layers = nn.Sequential(*layers, nn.Unflatten(1, tuple(image_shape)))

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latent_dim)."""
        images: Tensor = self.layers(self.conditioned(latents, condition))
        return images


class MlpDiscriminator(Discriminator):
    """Hidden LeakyReLU layers, then one score.

    A learned embedding of the condition is concatenated to the input.
    """

    def __init__(
        self, options: MlpOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        self.embed = ConditionEmbedding(condition, options.latent_dim) if condition else None
        inputs = prod(image_shape) + options.latent_dim * bool(condition)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise([inputs] + [options.width] * options.layers):
            layers += [nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2), Dropout(options.dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(options.width, 1), nn.Flatten(0))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        inputs = images.flatten(1)
        if self.embed is not None:
            inputs = torch.cat((inputs, self.embed(condition)), dim=1)
        scores: Tensor = self.layers(inputs)
        return scores


def _initialize(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases 0 (He et al. 2015).

    There is no norm. With smaller weights, such as torch's default or DCGAN's, the generator makes
    nearly the same image for all latents for thousands of steps.
    """
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)

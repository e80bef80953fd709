"""Fully connected networks that grow as in Karras et al. 2017: each stage adds a hidden layer.

Stage 0 has the smallest images; each later stage doubles height and width. No layer has batch
statistics, so scores are independent of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    Dropout,
    GrowingDiscriminator,
    GrowingGenerator,
    ImageShape,
    LossRequirements,
    Networks,
)

if TYPE_CHECKING:
    from ganzoo_growing_mlp import GrowingMlpOptions


def build(
    options: GrowingMlpOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; the discriminator's scores are independent of the batch."""
    generator = GrowingMlpGenerator(options, image_shape, condition)
    discriminator = GrowingMlpDiscriminator(options, image_shape, condition)
    generator.apply(_initialize)
    _scale_down(generator.image_layers[1:])
    discriminator.apply(_initialize)
    return Networks(generator=generator, discriminator=discriminator)


class GrowingMlpGenerator(GrowingGenerator):
    """One more hidden ReLU layer per stage, then the stage's own output layer with tanh.

    A learned embedding of the condition is concatenated to the latents.
    """

    def __init__(
        self, options: GrowingMlpOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        stages = image_shape.halved_shapes()
        widths = _widths(options, len(stages))
        conditioned = ConditionedLatents(options.latent_dim, condition)
        super().__init__(
            stages,
            blocks=(
                nn.Sequential(nn.Linear(fan_in, fan_out), nn.ReLU())
                for fan_in, fan_out in pairwise([conditioned.width, *widths])
            ),
            image_layers=(
                nn.Sequential(
                    nn.Linear(width, prod(shape)), nn.Tanh(), nn.Unflatten(1, tuple(shape))
                )
                for width, shape in zip(widths, stages, strict=True)
            ),
        )
        self.latent_dim = options.latent_dim
        self.conditioned = conditioned

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latent_dim)."""
        return self.grown(self.conditioned(latents, condition))


class GrowingMlpDiscriminator(GrowingDiscriminator):
    """One more hidden LeakyReLU layer per stage, after the stage's own input layer.

    A learned embedding of the condition is concatenated to the input.
    """

    def __init__(
        self, options: GrowingMlpOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        stages = image_shape.halved_shapes()
        widths = _widths(options, len(stages))
        conditions = options.latent_dim * bool(condition)
        score = nn.Sequential(nn.Linear(widths[0], 1), nn.Flatten(0))
        super().__init__(
            stages,
            blocks=[
                score,
                *(_hidden(wide, narrow, options.dropout) for narrow, wide in pairwise(widths)),
            ],
            image_layers=(
                _InputLayer(_hidden(prod(shape) + conditions, width, options.dropout))
                for width, shape in zip(widths, stages, strict=True)
            ),
        )
        self.embed = ConditionEmbedding(condition, options.latent_dim) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        return self.grown(images, *([] if self.embed is None else [self.embed(condition)]))


class _InputLayer(nn.Module):
    """A dense layer of all pixels, to which the condition's embedding is concatenated."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, images: Tensor, *conditions: Tensor) -> Tensor:
        units: Tensor = self.layer(torch.cat((images.flatten(1), *conditions), dim=1))
        return units


def _widths(options: GrowingMlpOptions, stages: int) -> list[int]:
    """The number of units of the hidden layer that each stage adds."""
    return [min(options.width << stage, options.max_width) for stage in range(stages)]


def _hidden(fan_in: int, fan_out: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(fan_in, fan_out), nn.LeakyReLU(0.2), Dropout(dropout))


def _initialize(layer: nn.Module) -> None:
    """Weights from N(0, 2 / fan-in), biases 0 (He et al. 2015)."""
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


@torch.no_grad()
def _scale_down(image_layers: Iterable[nn.Module]) -> None:
    """Scale the initial weights of later output layers by 0.1, so that their first images are gray.

    With larger weights the images are noise while the stage fades in. On MNIST, the discriminator's
    loss then falls below 0.001, and the generator needs 2,000 steps to recover.
    """
    for layer in image_layers:
        for parameter in layer.parameters():
            parameter.mul_(0.1)

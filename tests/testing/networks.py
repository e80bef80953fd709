"""Small correct networks, and the declaration of an architecture with them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import ImageShape, LossRequirements, Networks, Options


class DenseGenerator(ganzoo.Generator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.image = image_shape
        self.layer = nn.Linear(4, image_shape.channels * image_shape.height * image_shape.width)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images: Tensor = self.layer(latents).tanh().view(-1, *self.image)
        return images

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 4, generator=random)


class DenseDiscriminator(ganzoo.Discriminator):
    def __init__(self, image_shape: ImageShape) -> None:
        super().__init__()
        self.layer = nn.Linear(image_shape.channels * image_shape.height * image_shape.width, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores: Tensor = self.layer(images.flatten(1)).flatten()
        return scores


def architecture(
    generator: Any = DenseGenerator,
    discriminator: Any = DenseDiscriminator,
    *,
    grows: bool = False,
    conditions: Any = (),
) -> ganzoo.ArchitectureSpec:
    def build(
        options: Options,
        *,
        image_shape: ImageShape,
        condition: ganzoo.Condition | None,
        requirements: LossRequirements,
    ) -> Networks:
        return Networks(generator=generator(image_shape), discriminator=discriminator(image_shape))

    return ganzoo.ArchitectureSpec(
        name="mine", summary="Networks.", factory=build, grows=grows, conditions=conditions
    )

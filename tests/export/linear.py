"""Generators of one layer, and a card."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import ImageShape
from ganzoo.contracts import Generator
from ganzoo.export.card import Card

CARD = Card(
    title="a",
    date="2026-01-31T12:00:00Z",
    architecture="a/linear",
    plugin="a (a 1.0)",
    parameters=64,
    step=1,
    images_seen=1,
    latent_shape=(3,),
    image_shape=(1, 4, 4),
    data_image_shape=(1, 4, 4),
    requirements={},
    settings={},
    exported_with={},
)
SHAPE = ImageShape(1, 4, 4)


class LinearGenerator(Generator):
    """One layer; the tests change ``images``."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 16)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 3, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.images(self.layer(latents).view(-1, 1, 4, 4))

    def images(self, maps: Tensor) -> Tensor:
        return maps


class Random(LinearGenerator):
    """Its images are others each time."""

    def images(self, maps: Tensor) -> Tensor:
        return maps + torch.randn_like(maps)

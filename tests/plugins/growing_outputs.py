"""Outputs of growing networks at a stage and fade, with conditions if they are conditional."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Generator, GrowingNetwork, Networks
from tests.plugins.outputs import told


def latents_for(generator: Generator, n: int = 8) -> Tensor:
    return generator.sample_latents(n, torch.Generator().manual_seed(1))


def images_for(networks: Networks, stage: int, n: int = 8) -> Tensor:
    discriminator = networks.discriminator
    assert isinstance(discriminator, GrowingNetwork)
    shape = discriminator.stages[stage]
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


def draw(networks: Networks, stage: int, fade: float) -> Tensor:
    generator = networks.generator
    assert isinstance(generator, GrowingNetwork)
    generator.grow(stage, fade)
    latents = latents_for(networks.generator)
    return networks.generator(latents, told(networks, len(latents)))


def score(networks: Networks, images: Tensor, stage: int, fade: float) -> Tensor:
    discriminator = networks.discriminator
    assert isinstance(discriminator, GrowingNetwork)
    discriminator.grow(stage, fade)
    return networks.discriminator(images, told(networks, len(images)))


def used_before(network: Any, stage: int) -> nn.Module:
    """The image layer of the stage before."""
    layer: nn.Module = network.image_layers[stage - 1]
    return layer

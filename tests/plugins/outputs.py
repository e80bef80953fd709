"""Outputs of networks that do not grow, with labels if the networks are conditional."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Networks


def labels_for(networks: Networks, n: int) -> Tensor | None:
    return torch.arange(n) % 4 if networks.conditional else None


def draw(networks: Networks, n: int) -> Tensor:
    latents = networks.generator.sample_latents(n, torch.Generator().manual_seed(1))
    return networks.generator(latents, labels_for(networks, n))


def score(networks: Networks, images: Tensor) -> Tensor:
    return networks.discriminator(images, labels_for(networks, len(images)))


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[Any]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]

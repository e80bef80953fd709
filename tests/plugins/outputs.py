"""Outputs of networks that do not grow, with conditions if the networks are conditional."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Condition, ConditionEmbedding, Networks

CONDITIONS = {
    None: None,
    "class": Condition("class", ("a", "b", "c", "d")),
    "classes": Condition("classes", ("a", "b", "c")),
    "vector": Condition("vector", ("a", "b"), ((0.0, 1.0), (-40.0, 10.0))),
}
"""A condition of each kind."""


def told(networks: Networks, n: int) -> Tensor | None:
    """Conditions for n images; ``None`` if the networks are unconditional."""
    for layer in networks.generator.modules():
        if isinstance(layer, ConditionEmbedding):
            return layer.condition.examples(n)
    return None


def require_conditions(networks: Networks) -> None:
    """Assert that images and scores change with the condition, and that it is needed."""
    generator, discriminator = networks.generator.eval(), networks.discriminator
    conditions = told(networks, 2)
    assert conditions is not None
    latents = generator.sample_latents(1, torch.Generator().manual_seed(1))
    image, other = (generator(latents, each[None]) for each in conditions)
    assert not torch.allclose(image, other)
    score, other_score = (discriminator(image, each[None]) for each in conditions)
    assert not torch.allclose(score, other_score)
    if conditions.ndim == 2:  # the size of a value counts, not only its sign
        low, high = conditions
        near = generator(latents, low.lerp(high, 0.75)[None])
        assert not torch.allclose(near, generator(latents, high[None]))
    for network, inputs in ((generator, latents), (discriminator, image)):
        with pytest.raises(ValueError, match="need the condition of each image"):
            network(inputs)


def draw(networks: Networks, n: int) -> Tensor:
    latents = networks.generator.sample_latents(n, torch.Generator().manual_seed(1))
    return networks.generator(latents, told(networks, n))


def score(networks: Networks, images: Tensor) -> Tensor:
    return networks.discriminator(images, told(networks, len(images)))


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[Any]:
    return [layer for layer in network.modules() if isinstance(layer, kinds)]

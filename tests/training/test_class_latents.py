"""Latents whose distribution depends on the condition."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import (
    Condition,
    ConditionEmbedding,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    Options,
)
from ganzoo.training.stand_ins import LinearDiscriminator


class ClassLatents(Generator):
    """Latents N(mean, std^2), with a learned mean and standard deviation of each class."""

    latent_dim = 16

    def __init__(self, image_shape: ImageShape, condition: Condition) -> None:
        super().__init__()
        self.mean = ConditionEmbedding(condition, self.latent_dim)
        self.log_std = ConditionEmbedding(condition, self.latent_dim, std=0.1)
        pixels, image = nn.Linear(self.latent_dim, prod(image_shape)), tuple(image_shape)
        self.layers = nn.Sequential(pixels, nn.Tanh(), nn.Unflatten(1, image))

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W)."""
        of_class = self.mean(condition) + self.log_std(condition).exp() * latents
        images: Tensor = self.layers(of_class)
        return images


def networks(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    assert condition
    generator = ClassLatents(image_shape, condition)
    return Networks(generator=generator, discriminator=LinearDiscriminator(image_shape))


def test_a_generator_makes_latents_of_a_class_from_normal_ones(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    spec = ganzoo.ArchitectureSpec(
        name="of-classes", summary="Latents of classes.", factory=networks, conditions=("class",)
    )
    settings = {"data.conditional": True, "checkpoint.every": 1, "train.generator.lr": 0.1}
    run = ganzoo.train(**{**tiny("run", "of-classes", settings=settings), "architecture": spec})
    assert isinstance(run.generator, ClassLatents)
    start = torch.load(run.folder / "checkpoints" / "step-0000001.pt", weights_only=True)
    weights = start["state"]["networks.generator"]["weights"]
    for name in ("mean.weight", "log_std.weight"):
        assert not torch.equal(run.networks["generator"].get_parameter(name), weights[name])
    assert run.condition
    first, second = (run.generate(64, class_name=name).float() for name in run.condition.names[:2])
    assert (first.mean(0) - second.mean(0)).abs().mean() > 10

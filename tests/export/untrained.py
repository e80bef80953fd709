"""Generators of all architectures without a run: small, with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ganzoo import ImageShape, LossRequirements, RequestError
from ganzoo.components import ArchitectureSpec
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.registry import Registry
from ganzoo.testing.architectures import CONDITIONS
from ganzoo.training.growth import GrowthPoint, Stage
from ganzoo.training.sampling import ConditionFrequencies
from tests.conftest import SMALL

SIZES = (16, 32, 64)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    # Its skip-layer excitation starts at 16 times the smallest feature maps.
    "fastgan": {"size": 64},
    "projected": {"size": 64},
    "resnet": {"size": 16, "attention": 8},
    "stylegan2": {"size": 16, "generator": "residual"},
}
"""More cases: layers that the smallest generators do not have."""
Case = tuple[str, str | None, Mapping[str, Any]]


def cases() -> list[Case]:
    """Each architecture with each kind of condition and without, and ``VARIANTS``."""
    entries = Registry.discover().entries("architecture")
    kinds = [
        (entry.component.name, kind, {})
        for entry in entries
        if isinstance(entry.component, ArchitectureSpec)
        for kind in (None, *entry.component.conditions)
    ]
    return [*kinds, *((name, None, options) for name, options in VARIANTS.items())]


def untrained(
    architecture: str, kind: str | None = None, options: Mapping[str, Any] | None = None
) -> TrainedGenerator:
    """The generator of an architecture, of the smallest images that it accepts.

    All weights and buffers are random, also those that start at zero.
    """
    component = Registry.discover().find("architecture", architecture).component
    given = {key.rpartition(".")[2]: value for key, value in SMALL.get(architecture, {}).items()}
    given = {key: value for key, value in {**given, **(options or {})}.items()}
    sizes = [given.pop("size")] if "size" in given else SIZES
    given.pop("resolution", None)
    made = TrainedGenerator()
    made.condition = made.data_condition = CONDITIONS[kind] if kind else None
    made.frequencies = None
    if made.condition:
        rows = made.condition.examples(8)
        is_class = made.condition.kind == "class"
        made.frequencies = ConditionFrequencies([1] * 3 if is_class else [1] * 8, None if is_class else rows)
    torch.manual_seed(0)
    for size in sizes:
        shape = ImageShape(3, size, size)
        try:
            networks = component.build(
                component.options(**given), image_shape=shape, condition=made.condition,
                requirements=LossRequirements(),
            )
        except RequestError:
            continue
        break
    made.generator = networks.generator.eval().requires_grad_(False)
    made.data_image_shape = shape
    made.growth_point = GrowthPoint(Stage(0, shape, 1), 1.0)
    for parameter in made.generator.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.1)
    _compute_batch_statistics(made)
    return made


def _compute_batch_statistics(trained: TrainedGenerator) -> None:
    """Set those of batch norm to the statistics of one batch, so that images differ enough."""
    generator = trained.generator.train()
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    generator(trained.latents(64), trained.conditions(64, seed=0))
    generator.eval()

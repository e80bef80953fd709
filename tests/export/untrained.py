"""Generators of all architectures without a run: small, with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import nn

from ganzoo import ImageShape, LossRequirements, Networks, RequestError
from ganzoo.components import ArchitectureSpec
from ganzoo.contracts import Generator
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.registry import Registry
from ganzoo.testing.architectures import CONDITIONS
from ganzoo.training.growth import GrowthPoint, Stage
from ganzoo.training.sampling import ConditionFrequencies
from tests.conftest import SMALL

Options = Mapping[str, Any]

SIZES = (16, 32, 64)
"""The first one that an architecture accepts is used."""
VARIANTS: Mapping[str, Options] = {
    # Skip-layer excitation starts at 16 times the smallest feature maps.
    "fastgan": {"size": 64},
    "projected": {"size": 64},
    "resnet": {"attention": 8},
    "stylegan2": {"generator": "residual"},
}
"""Options of layers that the smallest generators do not have."""
_WIDER: Mapping[str, Options] = {"progressive": {"max_channels": 16}}
"""Pixel norm divides by the norm of a pixel's channels. That of four random ones is often nearly 0,
so that rounding errors grow to visible differences."""


@cache
def registry() -> Registry:
    """The installed components."""
    return Registry.discover()


def kinds() -> dict[str, tuple[str | None, ...]]:
    """The kinds of conditions of each architecture, ``None`` first, by its name."""
    components = [entry.component for entry in registry().entries("architecture")]
    return {
        component.name: (None, *component.conditions)
        for component in components
        if isinstance(component, ArchitectureSpec)
    }


def untrained(
    architecture: str, kind: str | None = None, options: Options | None = None
) -> TrainedGenerator:
    """The generator of an architecture, of the smallest images that it accepts.

    All weights are random, also those that start at zero.
    """
    condition = CONDITIONS[kind] if kind else None
    trained = TrainedGenerator()
    trained.condition = trained.data_condition = condition
    trained.frequencies = None
    if condition:
        rows = None if condition.kind == "class" else condition.examples(condition.size)
        trained.frequencies = ConditionFrequencies([1] * condition.size, rows)
    networks, shape = _networks(architecture, trained, dict(options or {}))
    with_generator(trained, networks.generator, shape)
    for parameter in trained.generator.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.1)
    _compute_batch_statistics(trained)
    return trained


def with_generator(
    trained: TrainedGenerator, generator: Generator, shape: ImageShape
) -> TrainedGenerator:
    """The same object, which now has this generator."""
    trained.generator = generator.eval().requires_grad_(False)
    trained.data_image_shape = shape
    trained.growth_point = GrowthPoint(Stage(0, shape, 1), 1.0)
    return trained


def unconditional(generator: Generator, shape: ImageShape) -> TrainedGenerator:
    """A trained generator without a condition."""
    trained = TrainedGenerator()
    trained.condition = trained.data_condition = trained.frequencies = None
    return with_generator(trained, generator, shape)


def _networks(
    architecture: str, trained: TrainedGenerator, options: dict[str, Any]
) -> tuple[Networks, ImageShape]:
    component = registry().find("architecture", architecture).component
    sizes = (options.pop("size"),) if "size" in options else SIZES
    small = {
        key.removeprefix("architecture."): value
        for key, value in SMALL.get(architecture, {}).items()
        if key.startswith("architecture.")
    }
    small |= _WIDER.get(architecture, {})
    context = {"condition": trained.condition, "requirements": LossRequirements()}
    for size in sizes:
        shape = ImageShape(3, size, size)
        torch.manual_seed(0)
        try:
            built = component.build(
                component.options(**{**small, **options}), image_shape=shape, **context
            )
        except RequestError:
            continue
        assert isinstance(built, Networks)
        return built, shape
    raise AssertionError(f"{architecture} accepts no images of {sizes} pixels")


@torch.no_grad()
def _compute_batch_statistics(trained: TrainedGenerator) -> None:
    """Set those of batch norm to the statistics of one batch, so that images differ enough."""
    generator = trained.generator.train()
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    generator(trained.latents(64), trained.conditions(64, seed=0))
    generator.eval()

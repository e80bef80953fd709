"""Generators with the settings of a run, without training and without a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ganzoo import TrainedGenerator
from ganzoo.contracts import ImageShape, LossRequirements
from ganzoo.output.networks import build_networks
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.growth import GrowthSchedule
from tests.conftest import SMALL


def untrained(architecture: str, images_seen: int = 0, **more: Any) -> TrainedGenerator:
    """A generator with random weights, also where they start at zero, without a run folder."""
    settings = Settings()
    settings.add({"dataset": "blossoms", "architecture": architecture, "loss": "hinge"}, "test")
    settings.add({"data.resolution": 16, **SMALL.get(architecture, {}), **more}, "test")
    made = TrainedGenerator()
    made.source, made.run = Path("nowhere"), Run.resolve(settings)
    made.step, made.images_seen, made.trained_on = 7, images_seen, None
    made.data_condition = made.condition = made.frequencies = None
    resolution = settings.values["data"]["resolution"]
    made.data_image_shape = ImageShape(3, resolution, resolution)
    made.requirements = LossRequirements()
    networks = build_networks(made.run, made.data_image_shape, None, made.requirements)
    made.generator = networks.generator.eval().requires_grad_(False)
    random = torch.Generator().manual_seed(1)
    for tensor in made.generator.state_dict().values():
        if tensor.is_floating_point():
            tensor.add_(torch.randn(tensor.shape, generator=random).abs() * 0.1)
    made.growth_point = GrowthSchedule(made.run, networks, made.data_image_shape).at(images_seen)
    made.growth_point.grow(made.generator)
    return made

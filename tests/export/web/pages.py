"""Generators with random weights, for pages."""

from __future__ import annotations

from pathlib import Path

from ganzoo import LossRequirements
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.run import Run
from ganzoo.settings import Settings
from tests.export.untrained import untrained


def generator(architecture: str, kind: str | None = None) -> TrainedGenerator:
    """A small generator with the run that an export needs; ``kind`` is that of its condition."""
    settings = Settings()
    names = {"dataset": "blossoms", "architecture": architecture, "loss": "hinge"}
    settings.add(names, "test")
    made = untrained(architecture, kind)
    made.source, made.run = Path("nowhere"), Run.resolve(settings)
    made.step, made.images_seen, made.trained_on = 7, 1000, None
    made.requirements = LossRequirements()
    return made

"""Runs of recipes, whose settings tests compare with those of papers."""

from __future__ import annotations

from ganzoo.registry import Registry
from ganzoo.run import Run, recipe_settings


def recipe_run(name: str, *changes: str) -> Run:
    """The run of a recipe, as ``ganzoo train --recipe NAME`` resolves it."""
    registry = Registry.discover()
    settings = recipe_settings(name, registry)
    settings.override(changes)
    return Run.resolve(settings, registry)

"""The hooks that a plugin can implement: one for each kind of component, returning its specs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ganzoo.components import (
        ArchitectureSpec,
        AugmentationSpec,
        CommandSpec,
        DatasetSpec,
        ExtractorSpec,
        LossSpec,
        MetricSpec,
        ObserverSpec,
        RecipeSpec,
        RegularizerSpec,
    )

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")
"""The decorator of a plugin's hooks: functions that return what the plugin declares."""


@hookspec
def ganzoo_datasets() -> Iterable[DatasetSpec]:
    """Return the datasets of this plugin."""
    return ()


@hookspec
def ganzoo_architectures() -> Iterable[ArchitectureSpec]:
    """Return the architectures of this plugin: pairs of a generator and a discriminator."""
    return ()


@hookspec
def ganzoo_losses() -> Iterable[LossSpec]:
    """Return the losses of this plugin."""
    return ()


@hookspec
def ganzoo_regularizers() -> Iterable[RegularizerSpec]:
    """Return the regularizers of this plugin: terms that are added to those of any loss."""
    return ()


@hookspec
def ganzoo_augmentations() -> Iterable[AugmentationSpec]:
    """Return the augmentations of this plugin."""
    return ()


@hookspec
def ganzoo_metrics() -> Iterable[MetricSpec]:
    """Return the metrics of this plugin."""
    return ()


@hookspec
def ganzoo_extractors() -> Iterable[ExtractorSpec]:
    """Return the extractors of this plugin: they compute the features that metrics compare."""
    return ()


@hookspec
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """Return the recipes of this plugin: complete settings files."""
    return ()


@hookspec
def ganzoo_observers() -> Iterable[ObserverSpec]:
    """Return the observers of this plugin: they receive the reports of a run."""
    return ()


@hookspec
def ganzoo_commands() -> Iterable[CommandSpec]:
    """Return the commands of this plugin, such as ``ganzoo data fetch``."""
    return ()

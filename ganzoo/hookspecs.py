"""The hooks a plugin may implement: one per kind of component, each returning specs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ganzoo.components import (
        ArchitectureSpec,
        AugmentationSpec,
        DatasetSpec,
        ExtractorSpec,
        LossSpec,
        MetricSpec,
        RecipeSpec,
    )

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_datasets() -> Iterable[DatasetSpec]:
    """Return the datasets this plugin offers."""
    return ()


@hookspec
def ganzoo_architectures() -> Iterable[ArchitectureSpec]:
    """Return the generator and discriminator pairs this plugin offers."""
    return ()


@hookspec
def ganzoo_losses() -> Iterable[LossSpec]:
    """Return the adversarial losses this plugin offers."""
    return ()


@hookspec
def ganzoo_augmentations() -> Iterable[AugmentationSpec]:
    """Return the image augmentations this plugin offers."""
    return ()


@hookspec
def ganzoo_metrics() -> Iterable[MetricSpec]:
    """Return the metrics this plugin offers."""
    return ()


@hookspec
def ganzoo_extractors() -> Iterable[ExtractorSpec]:
    """Return the feature extractors, by which metrics compare images, this plugin offers."""
    return ()


@hookspec
def ganzoo_recipes() -> Iterable[RecipeSpec]:
    """Return the recipes, complete settings files, this plugin offers."""
    return ()

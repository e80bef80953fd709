"""The hooks a plugin may implement: one per kind of component, each returning specs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ganzoo.components import (
        Architecture,
        Augmentation,
        Dataset,
        Extractor,
        Loss,
        Metric,
        Recipe,
    )

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_datasets() -> Iterable[Dataset]:
    """Return the datasets this plugin offers."""
    return ()


@hookspec
def ganzoo_architectures() -> Iterable[Architecture]:
    """Return the generator and discriminator pairs this plugin offers."""
    return ()


@hookspec
def ganzoo_losses() -> Iterable[Loss]:
    """Return the adversarial losses this plugin offers."""
    return ()


@hookspec
def ganzoo_augmentations() -> Iterable[Augmentation]:
    """Return the picture augmentations this plugin offers."""
    return ()


@hookspec
def ganzoo_metrics() -> Iterable[Metric]:
    """Return the metrics this plugin offers."""
    return ()


@hookspec
def ganzoo_extractors() -> Iterable[Extractor]:
    """Return the feature extractors, by which metrics compare pictures, this plugin offers."""
    return ()


@hookspec
def ganzoo_recipes() -> Iterable[Recipe]:
    """Return the recipes, complete settings files, this plugin offers."""
    return ()

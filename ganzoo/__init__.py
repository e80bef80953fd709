"""Train GANs: any dataset, architecture, loss and augmentations, each a plugin.

These names are all that a plugin needs. Those that need torch are imported when first used, so
that a plugin's ``__init__.py`` can declare its components without paying for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo.components import (
    Architecture,
    Augmentation,
    Dataset,
    Loss,
    Metric,
    Options,
    Recipe,
)
from ganzoo.errors import RequestError, UnknownName, UnreadablePicture
from ganzoo.folders import cache_folder
from ganzoo.hookspecs import hookimpl

if TYPE_CHECKING:
    from ganzoo.contracts import (
        Augment,
        BulkSource,
        ColourAugment,
        Constraint,
        Critic,
        Discriminator,
        Generator,
        GeometricAugment,
        ImageShape,
        ImageSource,
        Measure,
        Measured,
        Needs,
        Networks,
        Objective,
        Picture,
        PixelAugment,
        Placement,
        ScalableSource,
        Terms,
    )

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Augment",
    "Augmentation",
    "BulkSource",
    "ColourAugment",
    "Constraint",
    "Critic",
    "Dataset",
    "Discriminator",
    "Generator",
    "GeometricAugment",
    "ImageShape",
    "ImageSource",
    "Loss",
    "Measure",
    "Measured",
    "Metric",
    "Needs",
    "Networks",
    "Objective",
    "Options",
    "Picture",
    "PixelAugment",
    "Placement",
    "Recipe",
    "RequestError",
    "ScalableSource",
    "Terms",
    "UnknownName",
    "UnreadablePicture",
    "cache_folder",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("ganzoo.contracts"), name)
    raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")

"""Train GANs: any dataset, architecture, loss and augmentations, each a plugin.

These names are all that a plugin needs, and ``train``, ``resume``, ``load``, ``sweep``,
``evaluate``, ``compare`` and ``report`` for those who use ganzoo from Python. Each is imported when
it is first used, so that a plugin's ``__init__.py`` can declare its components without paying for
torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.api import load, resume, sweep, train
    from ganzoo.components import (
        ArchitectureSpec,
        AugmentationSpec,
        DatasetSpec,
        ExtractorSpec,
        LocalPath,
        LossSpec,
        MetricSpec,
        Options,
        PixelRange,
        RecipeSpec,
    )
    from ganzoo.contracts import (
        ApplyTo,
        Augmentation,
        BulkDataset,
        ChunkedDataset,
        ColorAugmentation,
        Critic,
        Dataset,
        Discriminator,
        Extractor,
        Generator,
        GeometricAugmentation,
        GrowingNetwork,
        ImageSet,
        ImageShape,
        Loss,
        LossRequirements,
        Metric,
        MetricValue,
        NamedDataset,
        Networks,
        NotedDataset,
        PixelAugmentation,
        RawImage,
        ScalableDataset,
        Stateful,
        Terms,
        WeightConstraint,
    )
    from ganzoo.data.arrays import ImageArray, encode_labels
    from ganzoo.data.bit_depth import EightBitConverter
    from ganzoo.data.decoding import open_image
    from ganzoo.data.download import download
    from ganzoo.data.fingerprint import (
        fingerprint_of_file,
        fingerprint_of_files,
        fingerprint_of_folder,
    )
    from ganzoo.data.layout import (
        IMAGE_SUFFIXES,
        images_in_class_folders,
        labels_by_folder,
        labels_by_table,
        parse_dataset_json,
        strip_common_folder,
    )
    from ganzoo.data.listing import find_images
    from ganzoo.errors import PluginError, RequestError, UnknownName, UnreadableImage
    from ganzoo.folders import cache_folder
    from ganzoo.growing import GrowingDiscriminator, GrowingGenerator
    from ganzoo.hookspecs import hookimpl
    from ganzoo.output.trained import TrainedRun
    from ganzoo.results import compare, evaluate, report

__version__ = "0.1.0"

__all__ = [
    "IMAGE_SUFFIXES",
    "ApplyTo",
    "ArchitectureSpec",
    "Augmentation",
    "AugmentationSpec",
    "BulkDataset",
    "ChunkedDataset",
    "ColorAugmentation",
    "Critic",
    "Dataset",
    "DatasetSpec",
    "Discriminator",
    "EightBitConverter",
    "Extractor",
    "ExtractorSpec",
    "Generator",
    "GeometricAugmentation",
    "GrowingDiscriminator",
    "GrowingGenerator",
    "GrowingNetwork",
    "ImageArray",
    "ImageSet",
    "ImageShape",
    "LocalPath",
    "Loss",
    "LossRequirements",
    "LossSpec",
    "Metric",
    "MetricSpec",
    "MetricValue",
    "NamedDataset",
    "Networks",
    "NotedDataset",
    "Options",
    "PixelAugmentation",
    "PixelRange",
    "PluginError",
    "RawImage",
    "RecipeSpec",
    "RequestError",
    "ScalableDataset",
    "Stateful",
    "Terms",
    "TrainedRun",
    "UnknownName",
    "UnreadableImage",
    "WeightConstraint",
    "cache_folder",
    "compare",
    "download",
    "encode_labels",
    "evaluate",
    "find_images",
    "fingerprint_of_file",
    "fingerprint_of_files",
    "fingerprint_of_folder",
    "hookimpl",
    "images_in_class_folders",
    "labels_by_folder",
    "labels_by_table",
    "load",
    "open_image",
    "parse_dataset_json",
    "report",
    "resume",
    "strip_common_folder",
    "sweep",
    "train",
]

_HOMES = {
    "api": ("load", "resume", "sweep", "train"),
    "components": (
        *("ArchitectureSpec", "AugmentationSpec", "DatasetSpec", "ExtractorSpec", "LocalPath"),
        *("LossSpec", "MetricSpec", "Options", "RecipeSpec", "PixelRange"),
    ),
    "data.arrays": ("ImageArray", "encode_labels"),
    "data.decoding": ("open_image",),
    "data.bit_depth": ("EightBitConverter",),
    "data.download": ("download",),
    "data.fingerprint": (
        *("fingerprint_of_file", "fingerprint_of_files", "fingerprint_of_folder"),
    ),
    "data.layout": (
        *("IMAGE_SUFFIXES", "strip_common_folder", "labels_by_folder", "labels_by_table"),
        *("parse_dataset_json", "images_in_class_folders"),
    ),
    "data.listing": ("find_images",),
    "errors": ("PluginError", "RequestError", "UnknownName", "UnreadableImage"),
    "folders": ("cache_folder",),
    "growing": ("GrowingDiscriminator", "GrowingGenerator"),
    "hookspecs": ("hookimpl",),
    "output.trained": ("TrainedRun",),
    "results": ("compare", "evaluate", "report"),
}
"""The modules whose names are given here; all others are contracts."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "contracts")
    value = getattr(importlib.import_module(f"ganzoo.{home}"), name)
    globals()[name] = value  # the next time it is found at once
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

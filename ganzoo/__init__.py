"""Train GANs: any dataset, architecture, loss and augmentations, each a plugin.

These are the names that plugins need, and ``train``, ``resume``, ``load``, ``sweep``, ``evaluate``,
``compare`` and ``report`` for use from Python. Each is imported on first use, so a plugin's
``__init__.py`` can declare its components without importing torch.
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
        RegularizerSpec,
    )
    from ganzoo.contracts import (
        ApplyTo,
        Augmentation,
        BulkDataset,
        ChunkedDataset,
        ColorAugmentation,
        Dataset,
        DatasetWithNotes,
        Discriminator,
        Extractor,
        Fake,
        Feedback,
        Generator,
        GeometricAugmentation,
        GrowingNetwork,
        ImageSet,
        ImageShape,
        Loss,
        LossRequirements,
        MappingGenerator,
        Method,
        Metric,
        MetricValue,
        NamedDataset,
        Networks,
        Phase,
        PixelAugmentation,
        RawImage,
        RealImages,
        Regularizer,
        ScalableDataset,
        Scores,
        Stateful,
        Step,
        Terms,
        TrainingLatents,
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
    from ganzoo.schedule import Schedule

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
    "Dataset",
    "DatasetSpec",
    "DatasetWithNotes",
    "Discriminator",
    "EightBitConverter",
    "Extractor",
    "ExtractorSpec",
    "Fake",
    "Feedback",
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
    "MappingGenerator",
    "Method",
    "Metric",
    "MetricSpec",
    "MetricValue",
    "NamedDataset",
    "Networks",
    "Options",
    "Phase",
    "PixelAugmentation",
    "PixelRange",
    "PluginError",
    "RawImage",
    "RealImages",
    "RecipeSpec",
    "Regularizer",
    "RegularizerSpec",
    "RequestError",
    "ScalableDataset",
    "Schedule",
    "Scores",
    "Stateful",
    "Step",
    "Terms",
    "TrainedRun",
    "TrainingLatents",
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

_MODULES = {
    "api": ("load", "resume", "sweep", "train"),
    "components": (
        *("ArchitectureSpec", "AugmentationSpec", "DatasetSpec", "ExtractorSpec", "LocalPath"),
        *("LossSpec", "MetricSpec", "Options", "PixelRange", "RecipeSpec", "RegularizerSpec"),
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
    "schedule": ("Schedule",),
}
"""Public names by the module that defines them; all other names are in ganzoo.contracts."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    module = next((module for module, names in _MODULES.items() if name in names), "contracts")
    value = getattr(importlib.import_module(f"ganzoo.{module}"), name)
    globals()[name] = value  # the next access does not call this function
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

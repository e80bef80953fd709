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
        CommandSpec,
        DatasetSpec,
        ExtractorSpec,
        LossSpec,
        MetricSpec,
        ObserverSpec,
        RecipeSpec,
        RegularizerSpec,
    )
    from ganzoo.conditioning import ConditionedLatents, ConditionEmbedding, ConditionEstimator
    from ganzoo.contracts import (
        ApplyTo,
        Augmentation,
        BulkDataset,
        ChunkedDataset,
        ColorAugmentation,
        Condition,
        ConditionedDataset,
        Dataset,
        DatasetWithNotes,
        Discriminator,
        EstimatingDiscriminator,
        Extractor,
        Fake,
        FeatureMapExtractor,
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
        RealImageReplacement,
        RealImages,
        ReconstructingDiscriminator,
        Regularizer,
        ScalableDataset,
        Scores,
        Stateful,
        Step,
        StreamedDataset,
        Terms,
        TrainingLatents,
        WeightConstraint,
    )
    from ganzoo.data.arrays import ImageArray
    from ganzoo.data.bit_depth import EightBitConverter
    from ganzoo.data.decoding import open_image
    from ganzoo.data.download import download
    from ganzoo.data.fingerprint import (
        fingerprint_of_file,
        fingerprint_of_files,
        fingerprint_of_folder,
    )
    from ganzoo.data.formats import image_suffix
    from ganzoo.data.labels import encode_labels
    from ganzoo.data.layout import (
        IMAGE_SUFFIXES,
        condition_by_table,
        images_in_class_folders,
        labels_by_folder,
        parse_dataset_json,
        strip_common_folder,
    )
    from ganzoo.data.listing import find_images
    from ganzoo.data.values import encode_condition
    from ganzoo.double_backward.mode import DoubleBackward
    from ganzoo.errors import PluginError, RequestError, UnknownName, UnreadableImage
    from ganzoo.evaluation.record import (
        EvaluationResult,
        Score,
        comparable_results,
        selection_metric,
    )
    from ganzoo.export.card import Card
    from ganzoo.export.exporting import export_generator
    from ganzoo.export.safetensors_file import ExportedGenerator
    from ganzoo.extras import require_package
    from ganzoo.folders import RunFolder, cache_folder, write_atomically
    from ganzoo.growing import GrowingDiscriminator, GrowingGenerator
    from ganzoo.hookspecs import hookimpl
    from ganzoo.imaging import save_image
    from ganzoo.journal import Journal
    from ganzoo.json_lines import JsonLinesFile
    from ganzoo.layers import (
        Dropout,
        EqualizedConv,
        EqualizedLinear,
        MinibatchStddev,
        SkipLayerExcitation,
        SpectralConv,
        SpectralProjection,
        norm_layer,
    )
    from ganzoo.machine import free_memory
    from ganzoo.measured_results import (
        MeasuredImages,
        MeasuredMachine,
        MeasuredPoint,
        MeasuredResult,
        dump_results,
    )
    from ganzoo.noise import layer_noise
    from ganzoo.observers.console import show_progress
    from ganzoo.observers.observer import ObservedRun, Observer
    from ganzoo.options import LocalPath, Options, PixelRange
    from ganzoo.output.trained import TrainedRun
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.remote.address import DataAddress, address_beside, expand_addresses
    from ganzoo.remote.opening import RemoteOptions, open_range_file
    from ganzoo.remote.range_file import RangeFile
    from ganzoo.results import compare, evaluate, report
    from ganzoo.schedule import Schedule
    from ganzoo.setting_types import Names
    from ganzoo.training.adversarial import Adversarial

__version__ = "0.1.0"

__all__ = [
    "IMAGE_SUFFIXES",
    "Adversarial",
    "ApplyTo",
    "ArchitectureSpec",
    "Augmentation",
    "AugmentationSpec",
    "BulkDataset",
    "Card",
    "ChunkedDataset",
    "ColorAugmentation",
    "CommandSpec",
    "Condition",
    "ConditionEmbedding",
    "ConditionEstimator",
    "ConditionedDataset",
    "ConditionedLatents",
    "DataAddress",
    "Dataset",
    "DatasetSpec",
    "DatasetWithNotes",
    "Discriminator",
    "DoubleBackward",
    "Dropout",
    "EightBitConverter",
    "EqualizedConv",
    "EqualizedLinear",
    "EstimatingDiscriminator",
    "EvaluationResult",
    "ExportedGenerator",
    "Extractor",
    "ExtractorSpec",
    "Fake",
    "FeatureMapExtractor",
    "Feedback",
    "Generator",
    "GeometricAugmentation",
    "GrowingDiscriminator",
    "GrowingGenerator",
    "GrowingNetwork",
    "ImageArray",
    "ImageSet",
    "ImageShape",
    "Journal",
    "JsonLinesFile",
    "LocalPath",
    "Loss",
    "LossRequirements",
    "LossSpec",
    "MappingGenerator",
    "MeasuredImages",
    "MeasuredMachine",
    "MeasuredPoint",
    "MeasuredResult",
    "Method",
    "Metric",
    "MetricSpec",
    "MetricValue",
    "MinibatchStddev",
    "NamedDataset",
    "Names",
    "Networks",
    "ObservedRun",
    "Observer",
    "ObserverSpec",
    "Options",
    "Phase",
    "PixelAugmentation",
    "PixelRange",
    "PluginError",
    "RangeFile",
    "RawImage",
    "RealImageReplacement",
    "RealImages",
    "RecipeSpec",
    "ReconstructingDiscriminator",
    "Regularizer",
    "RegularizerSpec",
    "RemoteOptions",
    "RequestError",
    "RunFolder",
    "ScalableDataset",
    "Schedule",
    "Score",
    "Scores",
    "SkipLayerExcitation",
    "SpectralConv",
    "SpectralProjection",
    "Stateful",
    "Step",
    "StreamedDataset",
    "Terms",
    "TrainedGenerator",
    "TrainedRun",
    "TrainingLatents",
    "UnknownName",
    "UnreadableImage",
    "WeightConstraint",
    "address_beside",
    "cache_folder",
    "comparable_results",
    "compare",
    "condition_by_table",
    "download",
    "dump_results",
    "encode_condition",
    "encode_labels",
    "evaluate",
    "expand_addresses",
    "export_generator",
    "find_images",
    "fingerprint_of_file",
    "fingerprint_of_files",
    "fingerprint_of_folder",
    "free_memory",
    "hookimpl",
    "image_suffix",
    "images_in_class_folders",
    "labels_by_folder",
    "layer_noise",
    "load",
    "norm_layer",
    "open_image",
    "open_range_file",
    "parse_dataset_json",
    "report",
    "require_package",
    "resume",
    "save_image",
    "selection_metric",
    "show_progress",
    "strip_common_folder",
    "sweep",
    "train",
    "write_atomically",
]

_MODULES = {
    "api": ("load", "resume", "sweep", "train"),
    "components": (
        *("ArchitectureSpec", "AugmentationSpec", "CommandSpec", "DatasetSpec", "ExtractorSpec"),
        *("LossSpec", "MetricSpec", "ObserverSpec", "RecipeSpec", "RegularizerSpec"),
    ),
    "conditioning": ("ConditionEmbedding", "ConditionEstimator", "ConditionedLatents"),
    "data.arrays": ("ImageArray",),
    "data.decoding": ("open_image",),
    "data.bit_depth": ("EightBitConverter",),
    "data.download": ("download",),
    "data.fingerprint": (
        *("fingerprint_of_file", "fingerprint_of_files", "fingerprint_of_folder"),
    ),
    "data.formats": ("image_suffix",),
    "data.labels": ("encode_labels",),
    "data.layout": (
        *("IMAGE_SUFFIXES", "strip_common_folder", "labels_by_folder", "condition_by_table"),
        *("parse_dataset_json", "images_in_class_folders"),
    ),
    "data.listing": ("find_images",),
    "data.values": ("encode_condition",),
    "double_backward.mode": ("DoubleBackward",),
    "errors": ("PluginError", "RequestError", "UnknownName", "UnreadableImage"),
    "evaluation.record": (
        *("EvaluationResult", "Score", "comparable_results", "selection_metric"),
    ),
    "export.card": ("Card",),
    "export.exporting": ("export_generator",),
    "export.safetensors_file": ("ExportedGenerator",),
    "extras": ("require_package",),
    "folders": ("RunFolder", "cache_folder", "write_atomically"),
    "growing": ("GrowingDiscriminator", "GrowingGenerator"),
    "hookspecs": ("hookimpl",),
    "imaging": ("save_image",),
    "journal": ("Journal",),
    "measured_results": (
        *("MeasuredImages", "MeasuredMachine", "MeasuredPoint", "MeasuredResult", "dump_results"),
    ),
    "json_lines": ("JsonLinesFile",),
    "layers": (
        *("Dropout", "EqualizedConv", "EqualizedLinear", "MinibatchStddev", "SkipLayerExcitation"),
        *("SpectralConv", "SpectralProjection", "norm_layer"),
    ),
    "machine": ("free_memory",),
    "noise": ("layer_noise",),
    "observers.console": ("show_progress",),
    "observers.observer": ("ObservedRun", "Observer"),
    "options": ("LocalPath", "Options", "PixelRange"),
    "setting_types": ("Names",),
    "output.trained": ("TrainedRun",),
    "output.trained_generator": ("TrainedGenerator",),
    "remote.address": ("DataAddress", "address_beside", "expand_addresses"),
    "remote.opening": ("RemoteOptions", "open_range_file"),
    "remote.range_file": ("RangeFile",),
    "results": ("compare", "evaluate", "report"),
    "schedule": ("Schedule",),
    "training.adversarial": ("Adversarial",),
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

"""What the factories of components return: the interfaces between plugins and the core.

In training, images are float32 tensors (N, C, H, W) in [-1, 1]. Conditions are int64 (N,) or
float32 (N, D), see :class:`Condition`, or ``None``.
"""

from ganzoo.contracts.augmentations import (
    ApplyTo,
    Augmentation,
    ColorAugmentation,
    GeometricAugmentation,
    PixelAugmentation,
)
from ganzoo.contracts.conditions import Condition, ConditionKind
from ganzoo.contracts.datasets import (
    BulkDataset,
    ChunkedDataset,
    ConditionedDataset,
    Dataset,
    DatasetWithNotes,
    NamedDataset,
    ScalableDataset,
    SequentialDataset,
    condition_of,
    notes_of,
)
from ganzoo.contracts.images import ImageShape, RawImage
from ganzoo.contracts.losses import Critic, Loss, Stateful, Terms, WeightConstraint
from ganzoo.contracts.metrics import Extractor, ImageSet, Metric, MetricValue
from ganzoo.contracts.networks import (
    Discriminator,
    Generator,
    GrowingNetwork,
    LossRequirements,
    Networks,
)

__all__ = [
    "ApplyTo",
    "Augmentation",
    "BulkDataset",
    "ChunkedDataset",
    "ColorAugmentation",
    "Condition",
    "ConditionKind",
    "ConditionedDataset",
    "Critic",
    "Dataset",
    "DatasetWithNotes",
    "Discriminator",
    "Extractor",
    "Generator",
    "GeometricAugmentation",
    "GrowingNetwork",
    "ImageSet",
    "ImageShape",
    "Loss",
    "LossRequirements",
    "Metric",
    "MetricValue",
    "NamedDataset",
    "Networks",
    "PixelAugmentation",
    "RawImage",
    "ScalableDataset",
    "SequentialDataset",
    "Stateful",
    "Terms",
    "WeightConstraint",
    "condition_of",
    "notes_of",
]

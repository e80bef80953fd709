"""What the factories of components return: the interfaces between plugins and the core.

In training, images are float32 tensors (N, C, H, W) in [-1, 1], and labels are int64 tensors (N,)
or ``None``.
"""

from ganzoo.contracts.augmentations import (
    ApplyTo,
    Augmentation,
    ColorAugmentation,
    GeometricAugmentation,
    PixelAugmentation,
)
from ganzoo.contracts.datasets import (
    BulkDataset,
    ChunkedDataset,
    Dataset,
    DatasetWithNotes,
    NamedDataset,
    ScalableDataset,
    SequentialDataset,
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
    "notes_of",
]

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
    RealImageReplacement,
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
    StreamedDataset,
    condition_of,
    is_streamed,
    notes_of,
)
from ganzoo.contracts.images import ImageShape, RawImage
from ganzoo.contracts.losses import Loss, Scores, Terms, WeightConstraint
from ganzoo.contracts.methods import AnyLoss, Feedback, Method, Phase, Regularizer
from ganzoo.contracts.metrics import (
    Extractor,
    FeatureMapExtractor,
    ImageSet,
    Metric,
    MetricValue,
)
from ganzoo.contracts.networks import (
    Discriminator,
    EstimatingDiscriminator,
    Generator,
    GrowingNetwork,
    LossRequirements,
    MappingGenerator,
    Networks,
    ReconstructingDiscriminator,
    TrainingLatents,
)
from ganzoo.contracts.stateful import Stateful
from ganzoo.contracts.steps import Fake, RealImages, Step

__all__ = [
    "AnyLoss",
    "ApplyTo",
    "Augmentation",
    "BulkDataset",
    "ChunkedDataset",
    "ColorAugmentation",
    "Condition",
    "ConditionKind",
    "ConditionedDataset",
    "Dataset",
    "DatasetWithNotes",
    "Discriminator",
    "EstimatingDiscriminator",
    "Extractor",
    "Fake",
    "FeatureMapExtractor",
    "Feedback",
    "Generator",
    "GeometricAugmentation",
    "GrowingNetwork",
    "ImageSet",
    "ImageShape",
    "Loss",
    "LossRequirements",
    "MappingGenerator",
    "Method",
    "Metric",
    "MetricValue",
    "NamedDataset",
    "Networks",
    "Phase",
    "PixelAugmentation",
    "RawImage",
    "RealImageReplacement",
    "RealImages",
    "ReconstructingDiscriminator",
    "Regularizer",
    "ScalableDataset",
    "Scores",
    "SequentialDataset",
    "Stateful",
    "Step",
    "StreamedDataset",
    "Terms",
    "TrainingLatents",
    "WeightConstraint",
    "condition_of",
    "is_streamed",
    "notes_of",
]

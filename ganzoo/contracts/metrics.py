"""What the factories of metrics and extractors return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from ganzoo.contracts.images import ImageShape


class ImageSet(Protocol):
    """Real or generated images that a metric gets, as pixels and as features."""

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        ...

    @property
    def features(self) -> Tensor:
        """The images' features from the run's extractor, float32 (N, D) on the CPU.

        They are computed on first use, once for all metrics.
        """
        ...

    def __len__(self) -> int:
        """The number of images."""
        ...

    def batches(self) -> Iterator[Tensor]:
        """The images, uint8 (N, C, H, W) on the CPU, in the same order each time."""
        ...


class Extractor(Protocol):
    """A function from images to the features that metrics compare; usually an ``nn.Module``."""

    @property
    def identity(self) -> str:
        """A name or hash that changes whenever the features would change."""
        ...

    def __call__(self, images: Tensor) -> Tensor:
        """Features, float32 (N, D), on the device of ``images``, without a gradient graph.

        ``images`` are uint8 (N, C, H, W) with any C, H and W. The features of an image must not
        depend on the other images.
        """
        ...


@runtime_checkable
class FeatureMapExtractor(Protocol):
    """An extractor that also returns feature maps, to compare two images place by place.

    A projection of an image can minimize their distance.
    """

    def feature_maps(self, images: Tensor) -> Sequence[Tensor]:
        """The maps of several layers, each float32 (N, D, H', W'), with a gradient graph.

        ``images`` are float32 (N, C, H, W) in [-1, 1] with any C, H and W. The maps of an image
        must not depend on the other images.
        """
        ...


class MetricValue(NamedTuple):
    """A number that a metric returns, and the number of generated images it is computed from."""

    value: float
    """Finite; in the unit of the metric."""
    images: int
    """The number of generated images."""


class Metric(Protocol):
    """A function that compares generated images with real ones."""

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """Values by their names in ``metrics.jsonl``: ``"kid"``, or ``"swd/32"`` and others.

        A name is the metric's name, alone or followed by a slash and more. The same images must
        give the same values, whatever the state of the global random generators.

        Raises ValueError or LookupError for images that it cannot compare, for example because
        they are too small. During training, a metric that raises any error is left out of the
        evaluation, and the error is reported once.
        """
        ...

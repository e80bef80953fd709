"""Sets of images with their features: the input of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageSet, ImageShape
from ganzoo.errors import PluginError
from ganzoo.returned_values import require_features

AT_ONCE = 64
"""Images per batch that metrics and extractors get."""


class BadFeatures(PluginError):
    """Features that are not finite numbers."""


def extract_features(extract: Extractor, images: Tensor) -> Tensor:
    """The features of a batch of images, uint8 (N, C, H, W): (N, D) on the CPU.

    Raises BadFeatures if they are not finite, since a metric would fail on them or return NaN or a
    wrong value.
    """
    features = extract(images).cpu()
    bad = int((~features.isfinite()).any(1).sum())
    if bad:
        raise BadFeatures(
            f"the extractor {extract.identity} returned features that are not finite for {bad} of "
            f"{len(images)} images of a batch"
        )
    return features


class TensorImageSet:
    """An image set from a tensor, uint8 (N, C, H, W) on the CPU.

    Its features are ``features``, or computed by ``compute_features`` or by ``extract`` on
    ``device`` when first read.
    """

    def __init__(
        self,
        images: Tensor,
        extract: Extractor | None = None,
        features: Tensor | None = None,
        device: torch.device | str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
        compute_features: Callable[[], Tensor] | None = None,
    ) -> None:
        self.images = images
        self._extract = extract
        self._features = features
        self._device = device
        self._progress = progress
        self._compute = compute_features

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        return ImageShape(*self.images.shape[1:])

    def batches(self) -> Iterator[Tensor]:
        """The images, uint8 (N, C, H, W)."""
        yield from self.images.split(AT_ONCE)

    @property
    def features(self) -> Tensor:
        """The features, float32 (N, D) on the CPU.

        Raises PluginError if the extractor fails. A second read raises the same error again
        without calling the extractor.
        """
        if isinstance(self._features_or_error, PluginError):
            raise self._features_or_error
        return self._features_or_error

    @cached_property
    def _features_or_error(self) -> Tensor | PluginError:
        try:
            return self._compute_features() if self._features is None else self._features
        except PluginError as error:
            return error

    def _compute_features(self) -> Tensor:
        if self._compute:
            return self._compute()
        assert self._extract, "an image set for metrics that use pixels only"
        found = []
        for batch in self.batches():
            found.append(extract_features(self._extract, batch.to(self._device)))
            self._progress(min(len(self), len(found) * AT_ONCE), len(self))
        return torch.cat(found)


class PartOfImageSet(TensorImageSet):
    """Some of the images of a set, with their features, which are computed once for all."""

    def __init__(self, whole: ImageSet, images: Tensor, rows: Tensor) -> None:
        super().__init__(images[rows])
        self._whole = whole
        self._rows = rows

    def _compute_features(self) -> Tensor:
        return self._whole.features[self._rows]


class FeatureUseRecorder:
    """An image set that records whether its features were read."""

    def __init__(self, images: ImageSet) -> None:
        self._images = images
        self.features_used = False
        """Whether the features were read."""
        self.shape = images.shape
        self.batches = images.batches

    def __len__(self) -> int:
        return len(self._images)

    @property
    def features(self) -> Tensor:
        """The features of the images."""
        self.features_used = True
        return self._images.features


class CheckedExtractor:
    """An extractor whose output is checked, and whose errors ``code`` attributes to its plugin."""

    def __init__(self, extract: Extractor, code: AbstractContextManager[None]) -> None:
        self._extract = extract
        self._code = code

    @property
    def identity(self) -> str:
        """The extractor's identity."""
        with self._code:
            return self._extract.identity

    def __call__(self, images: Tensor) -> Tensor:
        """Features, float32 (N, D), of uint8 (N, C, H, W)."""
        with self._code:
            features = self._extract(images)
            require_features(features, len(images), self._extract)
            return features

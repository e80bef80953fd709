"""Images as metrics see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageShape
from ganzoo.errors import PluginError
from ganzoo.structure import require_features

AT_ONCE = 64
"""Images in a batch that metrics and extractors get."""


class BadFeatures(PluginError):
    """Features that are not finite numbers."""


def extracted(extract: Extractor, images: Tensor) -> Tensor:
    """The features of a batch of images, uint8 (N, C, H, W): (N, D) on the CPU.

    Raises BadFeatures if they are not finite: a metric would make an error, NaN or a wrong number
    of them.
    """
    features = extract(images).cpu()
    bad = int((~features.isfinite()).any(1).sum())
    if bad:
        raise BadFeatures(
            f"the extractor {extract.identity} gave features that are not finite for {bad} of "
            f"{len(images)} images of a batch"
        )
    return features


class ImageArraySet:
    """Some images, uint8 (N, C, H, W) on the CPU, and their features.

    Features are those given, or what ``extract`` makes of the images, on ``device``.
    """

    def __init__(
        self,
        images: Tensor,
        extract: Extractor | None = None,
        features: Tensor | None = None,
        device: torch.device | str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.images = images
        self._extract = extract
        self._features = features
        self._device = device
        self._progress = progress

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
        """Their features, float32 (N, D) on the CPU.

        Raises PluginError if the extractor fails, each time it is asked for, but tries only once.
        """
        if isinstance(self._outcome, PluginError):
            raise self._outcome
        return self._outcome

    @cached_property
    def _outcome(self) -> Tensor | PluginError:
        try:
            return self._calculated() if self._features is None else self._features
        except PluginError as error:
            return error

    def _calculated(self) -> Tensor:
        assert self._extract, "a sample for metrics of pixels alone"
        found = []
        for batch in self.batches():
            found.append(extracted(self._extract, batch.to(self._device)))
            self._progress(min(len(self), len(found) * AT_ONCE), len(self))
        return torch.cat(found)


class Extracting:
    """An extractor, ready for use: what it makes is checked, and ``code`` says whose it is."""

    def __init__(self, extract: Extractor, code: AbstractContextManager[None]) -> None:
        self._extract = extract
        self._code = code

    @property
    def identity(self) -> str:
        """That of the extractor."""
        with self._code:
            return self._extract.identity

    def __call__(self, images: Tensor) -> Tensor:
        """Features, float32 (N, D), of uint8 (N, C, H, W)."""
        with self._code:
            features = self._extract(images)
            require_features(features, len(images), self._extract)
            return features

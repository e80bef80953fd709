"""Pictures as metrics see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extract, ImageShape
from ganzoo.structure import require_features

AT_ONCE = 64
"""Pictures in a batch that metrics and extractors get."""


class PictureSample:
    """Some pictures, uint8 (N, C, H, W) on the CPU, and their features.

    Features are those given, or what ``extract`` makes of the pictures, on ``device``.
    """

    def __init__(
        self,
        pictures: Tensor,
        extract: Extract | None = None,
        features: Tensor | None = None,
        device: torch.device | str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.pictures = pictures
        self._extract = extract
        self._features = features
        self._device = device
        self._progress = progress

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def shape(self) -> ImageShape:
        """The shape of each picture."""
        return ImageShape(*self.pictures.shape[1:])

    def batches(self) -> Iterator[Tensor]:
        """The pictures, uint8 (N, C, H, W)."""
        yield from self.pictures.split(AT_ONCE)

    @cached_property
    def features(self) -> Tensor:
        """Their features, float32 (N, D) on the CPU."""
        return self._calculated() if self._features is None else self._features

    def _calculated(self) -> Tensor:
        assert self._extract, "a sample for metrics of pixels alone"
        found = []
        for batch in self.batches():
            found.append(self._extract(batch.to(self._device)).cpu())
            self._progress(min(len(self), len(found) * AT_ONCE), len(self))
        return torch.cat(found)


class Extracting:
    """An extractor, ready for use: what it makes is checked, and ``code`` says whose it is."""

    def __init__(self, extract: Extract, code: AbstractContextManager[None]) -> None:
        self._extract = extract
        self._code = code

    @property
    def identity(self) -> str:
        """That of the extractor."""
        with self._code:
            return self._extract.identity

    def __call__(self, pictures: Tensor) -> Tensor:
        """Features, float32 (N, D), of uint8 (N, C, H, W)."""
        with self._code:
            features = self._extract(pictures)
            require_features(features, len(pictures), self._extract)
            return features

"""Pictures as metrics see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extract, ImageShape
from ganzoo.errors import in_one_line

AT_ONCE = 64
"""Pictures in a batch that metrics and extractors get."""


class BadFeatures(ArithmeticError):
    """An extractor that failed, or whose features are not finite numbers."""


def extracted(extract: Extract, images: Tensor) -> Tensor:
    """The features of a batch of images, uint8 (N, C, H, W): (N, D) on the CPU.

    Raises BadFeatures if the extractor fails, or if its features have another shape or are not
    finite: a metric would make an error, NaN or a wrong number of them.
    """
    name = f"the extractor {extract.identity}"
    try:
        features = extract(images).cpu()
    except Exception as error:
        raise BadFeatures(f"{name} failed: {in_one_line(error)}") from error
    if features.ndim != 2 or len(features) != len(images):
        shape = tuple(features.shape)
        raise BadFeatures(f"{name} gave features of shape {shape} for {len(images)} images")
    bad = int((~features.isfinite()).any(1).sum())
    if bad:
        raise BadFeatures(
            f"{name} gave features that are not finite for {bad} of {len(images)} images of a batch"
        )
    return features


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

    @property
    def features(self) -> Tensor:
        """Their features, float32 (N, D) on the CPU.

        Raises BadFeatures if the extractor fails, each time it is asked for, but tries only once.
        """
        if isinstance(self._outcome, BadFeatures):
            raise self._outcome
        return self._outcome

    @cached_property
    def _outcome(self) -> Tensor | BadFeatures:
        try:
            return self._calculated() if self._features is None else self._features
        except BadFeatures as error:
            return error

    def _calculated(self) -> Tensor:
        assert self._extract, "a sample for metrics of pixels alone"
        found = []
        for batch in self.batches():
            found.append(extracted(self._extract, batch.to(self._device)))
            self._progress(min(len(self), len(found) * AT_ONCE), len(self))
        return torch.cat(found)

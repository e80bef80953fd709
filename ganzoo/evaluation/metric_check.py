"""A check of metrics and their extractor on random images, before a run begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageShape
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation.evaluator import ConfiguredMetric, compute
from ganzoo.evaluation.image_sets import AT_ONCE, BadFeatures, extract_features

_FEW = 8
"""Images of the first check, which is fast; only a metric that rejects so few gets all."""


class RandomImageSet:
    """Random images with random features; the pixels of one batch are repeated for all."""

    def __init__(self, shape: ImageShape, count: int, extract: Extractor, seed: int) -> None:
        self.shape = shape
        self._count = count
        self._extract = extract
        self._random = torch.Generator().manual_seed(seed)
        size = (min(count, AT_ONCE), *shape)
        self._batch = torch.randint(256, size, dtype=torch.uint8, generator=self._random)

    def __len__(self) -> int:
        return self._count

    def batches(self) -> Iterator[Tensor]:
        """The images, uint8 (N, C, H, W)."""
        for start in range(0, self._count, AT_ONCE):
            yield self._batch[: self._count - start]

    @cached_property
    def features(self) -> Tensor:
        """Random numbers, float32 (N, D) with the extractor's D.

        Raises PluginError if the extractor fails, BadFeatures if its features are not finite.
        """
        width = extract_features(self._extract, self._batch[:2]).shape[1]
        return torch.randn(self._count, width, generator=self._random)


def value_names(
    configured: ConfiguredMetric, shape: ImageShape, extract: Extractor, real: int, generated: int
) -> list[str] | None:
    """The names of the values that a metric returns for images of this shape.

    ``None`` if a value is not finite for random images; it may be finite for real ones. Raises
    RequestError if the metric rejects ``real`` and ``generated`` images, PluginError if it fails,
    and BadFeatures if the extractor's features are not finite.
    """
    few = (min(_FEW, real), min(_FEW, generated))
    for last, counts in enumerate((few, (real, generated))):
        one, other = (RandomImageSet(shape, n, extract, seed) for seed, n in enumerate(counts))
        try:
            return list(compute(configured, one, other))
        except BadFeatures:
            raise
        except (RequestError, PluginError):
            if last:
                raise
        except ArithmeticError:
            return None
    return None


def check_metrics(
    metrics: Sequence[ConfiguredMetric],
    shape: ImageShape,
    extract: Extractor,
    counts: tuple[int, int],
) -> list[str] | None:
    """The names of the values of all metrics; ``None`` if those of a metric are not known.

    ``counts`` are the numbers of real and generated images. Raises RequestError for the first
    metric that rejects images of this shape, and for an extractor whose features are not finite.
    """
    found: list[str] | None = []
    for configured in metrics:
        try:
            names = value_names(configured, shape, extract, *counts)
        except BadFeatures as error:
            raise RequestError(f"{error}; choose another one by extractor=NAME") from error
        except RequestError as error:
            others = ",".join(each.name for each in metrics if each is not configured)
            remove = f"; remove it: evaluate.metrics={others}" if others else ""
            size = f"{shape.height}x{shape.width}"
            raise RequestError(
                f"{configured.name} cannot be computed for images of {size}: {error}{remove}"
            ) from error
        found = None if found is None or names is None else [*found, *names]
    return found

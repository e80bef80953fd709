"""A trial of metrics on random images, before a run begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, ImageShape
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation.evaluator import ConfiguredMetric, measured
from ganzoo.evaluation.sample import AT_ONCE, BadFeatures, extracted

_FEW = 8
"""Images of the first trial, which nearly every metric can measure."""


class Noise:
    """Random images, as a metric sees them; the pixels of one batch stand for all."""

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
        """Random numbers, as many for each image as the extractor gives.

        Raises BadFeatures if the extractor fails.
        """
        width = extracted(self._extract, self._batch[:2]).shape[1]
        return torch.randn(self._count, width, generator=self._random)


def numbers_of(
    gauge: ConfiguredMetric, shape: ImageShape, extract: Extractor, real: int, generated: int
) -> list[str] | None:
    """The names of the numbers that a metric gives of images of this shape.

    ``None`` where random images do not tell. Raises RequestError if the metric refuses as many
    images as there are to be, PluginError if it fails, and BadFeatures if the extractor does.
    """
    few = (min(_FEW, real), min(_FEW, generated))
    for last, counts in enumerate((few, (real, generated))):
        one, other = (Noise(shape, n, extract, seed) for seed, n in enumerate(counts))
        try:
            return list(measured(gauge, one, other))
        except BadFeatures:
            raise
        except (RequestError, PluginError):
            if last:
                raise
        except ArithmeticError:  # a number of real images may be finite
            return None
    return None


def refuse_impossible(
    gauges: Sequence[ConfiguredMetric],
    shape: ImageShape,
    extract: Extractor,
    counts: tuple[int, int],
) -> list[str] | None:
    """The names of all numbers that these metrics give, ``None`` where that is not known.

    Raises RequestError for the first one that cannot measure images of this shape at all, and for
    an extractor that fails.
    """
    found: list[str] | None = []
    for gauge in gauges:
        try:
            names = numbers_of(gauge, shape, extract, *counts)
        except BadFeatures as error:
            raise RequestError(f"{error}; extractor=NAME names another") from error
        except RequestError as error:
            others = ",".join(each.name for each in gauges if each is not gauge)
            leave_out = f"; leave it out: evaluate.metrics={others}" if others else ""
            size = f"{shape.height}x{shape.width}"
            raise RequestError(
                f"{gauge.name} cannot be measured of images of {size}: {error}{leave_out}"
            ) from error
        found = None if found is None or names is None else [*found, *names]
    return found

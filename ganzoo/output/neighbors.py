"""Generated images, and the real ones that are nearest to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Dataset, Extractor, NamedDataset
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection, Store
from ganzoo.data.inspection import printable
from ganzoo.evaluation.sample import ImageArraySet
from ganzoo.observers.observer import Observer
from ganzoo.output.trained import TrainedRun
from ganzoo.training.evaluation import Evaluation, real_images, spread_evenly
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.session import SILENT, store_of

By = Literal["features", "pixels"]
_AT_ONCE = 256
"""Real images that are compared together."""


@dataclass(frozen=True)
class Neighbor:
    """A real image near a generated one."""

    name: str
    number: int
    """Its place among the images of the run, before ``evaluate.real`` takes some of them."""
    distance: float
    """Between features, or the root of the mean square of pixels from 0 to 255."""
    among_real: float | None
    """How far this real image is from the nearest other one; ``None`` if it is alone."""


class Neighborhood:
    """The real images of a run, by features or by pixels.

    They are those that its metrics compare with, at the stage that the run is at. Raises
    RequestError if the images that it was trained on are not there, or are others now.
    """

    def __init__(
        self,
        trained: TrainedRun,
        by: By = "features",
        device: str = "cpu",
        observer: Observer = SILENT,
    ) -> None:
        run = trained.run
        source: Dataset = run.dataset.build()
        store = store_of(run, source, observer)
        data = Collection.of(store, run.data.classes)
        trained.require_images(data)
        stage = GrowthPoint(trained.point.stage, 1.0)
        self._extract: Extractor | None = None
        self._device = device
        if by == "features":
            real = Evaluation(run, data, device).evaluator(stage).real
            self._images, self._extract = real.images, real.extract
            self._places = real.sample(observer.on_evaluation_progress).features
        else:
            self._images = real_images(run, data, stage)
            self._places = _flat(self._images)
        self._numbers = spread_evenly(data.numbers, run.evaluate.real)
        self._name = _names(source, store)

    def __len__(self) -> int:
        return len(self._images)

    def nearest(self, made: Tensor, count: int = 5) -> tuple[list[list[Neighbor]], Tensor]:
        """Of each image, uint8 (N, C, H, W), the neighbors, nearest first.

        Also their images, uint8 (N, count, C, H, W). There are never more than real images.
        """
        count = min(count, len(self))
        near = _distances(self._placed(made), self._places).topk(count, largest=False)
        found = near.indices  # (N, count)
        among_real = self._among_real(found.flatten()).view_as(found)
        columns = (found.tolist(), near.values.tolist(), among_real.tolist())
        neighbors = [
            [self._neighbor(*each) for each in zip(*row, strict=True)]
            for row in zip(*columns, strict=True)
        ]
        return neighbors, self._images[found]

    def _placed(self, made: Tensor) -> Tensor:
        if self._extract is None:
            return _flat(made)
        return ImageArraySet(made, self._extract, device=self._device).features

    def _among_real(self, found: Tensor) -> Tensor:
        distances = _distances(self._places[found], self._places)
        distances[torch.arange(len(found)), found] = torch.inf  # each from itself
        return distances.amin(1)

    def _neighbor(self, place: int, distance: float, among_real: float) -> Neighbor:
        number = int(self._numbers[place])
        alone = len(self) == 1
        return Neighbor(self._name(number), number, distance, None if alone else among_real)


def _flat(images: Tensor) -> Tensor:
    """Images, uint8 (N, C, H, W), as (N, D)."""
    return images.flatten(1)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Of x (N, D) and y (M, D): (N, M); of bytes, the root of the mean square."""
    scale = 1.0 if y.is_floating_point() else y.shape[1] ** -0.5
    how = "donot_use_mm_for_euclid_dist"  # which is exact for copies
    parts = [torch.cdist(x.float(), some.float(), compute_mode=how) for some in y.split(_AT_ONCE)]
    return torch.cat(parts, dim=1) * scale


def _names(source: Dataset, store: Store) -> Callable[[int], str]:
    """What an image of the store is called in its source."""
    left_out = store.left_out if isinstance(store, PreparedImages) else ()
    numbers = np.delete(np.arange(len(source)), left_out)

    def name(number: int) -> str:
        own = int(numbers[number])
        return printable(source.name(own)) if isinstance(source, NamedDataset) else f"number {own}"

    return name

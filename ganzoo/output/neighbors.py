"""The real images that are nearest to generated ones."""

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
from ganzoo.data.image_names import printable
from ganzoo.data.order import spread_evenly
from ganzoo.evaluation.image_sets import TensorImageSet
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.training.evaluation import Evaluation, real_images
from ganzoo.training.growth import GrowthPoint
from ganzoo.training.store import store_of

By = Literal["features", "pixels"]
_BATCH_SIZE = 256
"""Real images that are compared at once."""


@dataclass(frozen=True)
class Neighbor:
    """A real image near a generated one."""

    name: str
    number: int
    """Its index among the images of the run, before ``evaluate.real`` limits their number."""
    distance: float
    """Euclidean distance of the features, or root mean square difference of pixels, 0 to 255."""
    among_real: float | None
    """Distance from this real image to the nearest other one; ``None`` if there is no other."""


class NearestNeighbors:
    """A search for the nearest real images of a run, by features or by pixels.

    It compares with the same real images as the run's metrics, at the run's current stage. Raises
    RequestError if the images that the run was trained on are missing or have changed.
    """

    def __init__(
        self,
        trained: TrainedGenerator,
        by: By = "features",
        device: str = "cpu",
        observer: Observer = SILENT,
    ) -> None:
        run = trained.run
        dataset: Dataset = run.dataset.build()
        store = store_of(run, dataset, observer)
        data = Collection.of(store, run.data.classes)
        trained.require_same_images(data)
        stage = GrowthPoint(trained.growth_point.stage, 1.0)
        self._extract: Extractor | None = None
        self._device = device
        if by == "features":
            real = Evaluation(run, data, device).evaluator(stage).real
            self._images, self._extract = real.images, real.extract
            self._vectors = real.image_set(observer.on_evaluation_progress).features
        else:
            self._images = real_images(run, data, stage)
            self._vectors = self._images.flatten(1)
        self._numbers = spread_evenly(data.indices, run.evaluate.real)
        self._name = _names(dataset, store)

    def __len__(self) -> int:
        return len(self._images)

    def nearest(self, images: Tensor, count: int = 5) -> tuple[list[list[Neighbor]], Tensor]:
        """The ``count`` neighbors of each image, uint8 (N, C, H, W), nearest first.

        Also their images, uint8 (N, count, C, H, W). ``count`` is limited to the number of real
        images.
        """
        count = min(count, len(self))
        near = _distances(self._vectors_of(images), self._vectors).topk(count, largest=False)
        indices = near.indices  # (N, count)
        among_real = self._among_real(indices.flatten()).view_as(indices)
        columns = (indices.tolist(), near.values.tolist(), among_real.tolist())
        neighbors = [
            [self._neighbor(*each) for each in zip(*row, strict=True)]
            for row in zip(*columns, strict=True)
        ]
        return neighbors, self._images[indices]

    def _vectors_of(self, images: Tensor) -> Tensor:
        """The features of images, or their pixels, (N, D)."""
        if self._extract is None:
            return images.flatten(1)
        return TensorImageSet(images, self._extract, device=self._device).features

    def _among_real(self, indices: Tensor) -> Tensor:
        distances = _distances(self._vectors[indices], self._vectors)
        distances[torch.arange(len(indices)), indices] = torch.inf  # each image from itself
        return distances.amin(1)

    def _neighbor(self, index: int, distance: float, among_real: float) -> Neighbor:
        number = int(self._numbers[index])
        alone = len(self) == 1
        return Neighbor(self._name(number), number, distance, None if alone else among_real)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Distances (N, M) between x (N, D) and y (M, D): Euclidean; of uint8, root mean square."""
    scale = 1.0 if y.is_floating_point() else y.shape[1] ** -0.5
    mode = "donot_use_mm_for_euclid_dist"  # gives exactly 0 for copies
    batches = y.split(_BATCH_SIZE)
    parts = [torch.cdist(x.float(), batch.float(), compute_mode=mode) for batch in batches]
    return torch.cat(parts, dim=1) * scale


def _names(dataset: Dataset, store: Store) -> Callable[[int], str]:
    """A function that returns the name of image number i of the store."""
    left_out = store.left_out if isinstance(store, PreparedImages) else ()
    indices = np.delete(np.arange(len(dataset)), left_out)

    def name(number: int) -> str:
        index = int(indices[number])
        if isinstance(dataset, NamedDataset):
            return printable(dataset.name(index))
        return f"number {index}"

    return name

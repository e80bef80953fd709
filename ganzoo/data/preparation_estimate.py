"""What preparing the images of a dataset does to them, and how long it takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import (
    BulkDataset,
    Dataset,
    RawImage,
    ScalableDataset,
    condition_of,
    is_streamed,
)
from ganzoo.data.cache import prepared_folder
from ganzoo.data.image_facts import map_images
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError

_SAMPLE = 64
"""The number of images that are prepared to measure the time per image."""


@dataclass(frozen=True, kw_only=True)
class PreparationEstimate:
    """The result and the cost of preparing the images: cropping, resizing and caching them."""

    shape: tuple[int, int, int]
    """The shape of each prepared image: channels, height, width."""
    lost: float
    """The average loss by the change of shape, 0 to 1.

    For ``fit`` crop, the share of the image that is cut off; for pad, the share of the result that
    is padding; for stretch, how much one side is compressed relative to the other.
    """
    most_lost: float
    """The largest such loss."""
    images: int
    """The number of images to prepare, of all classes."""
    seconds: float
    """The estimated time on this machine."""
    bytes: int
    """The size in the cache; 0 for a dataset that is read in chunks during training."""
    done: bool | None
    """Whether they are in the cache; ``None`` with a limit, or for a dataset read in chunks."""


def for_training(dataset: Dataset, preparation: Preparation) -> tuple[Dataset, Preparation]:
    """The dataset at the run's resolution, and the preparation with its number of channels."""
    if isinstance(dataset, ScalableDataset):
        dataset = dataset.at(max(preparation.width, preparation.height))
    if is_streamed(dataset) and preparation.channels == "auto":
        preparation = preparation.model_copy(update={"channels": _channels(dataset)})
    return dataset, preparation


def _channels(dataset: Dataset) -> int | Literal["auto"]:
    """The number of channels of the first image that can be read."""
    for number in range(len(dataset)):
        with contextlib.suppress(RequestError):
            image, _ = dataset[number]
            return int(np.asarray(image).shape[2])
    return "auto"


def evenly_spaced(total: int, limit: int | None = None) -> Sequence[int]:
    """The numbers below ``total``, or ``limit`` evenly spaced ones of them."""
    if limit is None or limit >= total:
        return range(total)
    return [index * total // limit for index in range(limit)]


def scales(facts: NDArray[Any], preparation: Preparation) -> tuple[NDArray[Any], NDArray[Any]]:
    """The larger and the smaller factor from each image's sides to those of the result."""
    across, down = preparation.width / facts["width"], preparation.height / facts["height"]
    return np.maximum(across, down), np.minimum(across, down)


def estimate(
    dataset: Dataset,
    preparation: Preparation,
    all_facts: NDArray[Any],
    facts: NDArray[Any],
    unreadable: int,
    seconds: float,
    dataset_name: str,
) -> PreparationEstimate:
    """The cost of preparing all images, and the loss of the chosen ones, ``facts``.

    ``all_facts`` are those of all images that were opened, and ``unreadable`` the number of others
    that were tried. ``seconds`` are for all images.
    """
    larger, smaller = scales(facts, preparation)
    lost = 1 - smaller / larger  # the same number for crop, pad and stretch
    is_gray = preparation.channels == "auto" and all_facts["gray"].all()
    channels = 1 if is_gray else preparation.most_channels
    stored = not is_streamed(dataset)
    condition = condition_of(dataset)
    condition_bytes = (4 * sum(condition.shape) or 8) if condition else 0
    image_bytes = channels * preparation.height * preparation.width + condition_bytes
    all_opened = len(all_facts) + unreadable == len(dataset)
    return PreparationEstimate(
        shape=(channels, preparation.height, preparation.width),
        lost=float(lost.mean()) if len(lost) else 0.0,
        most_lost=float(lost.max(initial=0)),
        images=len(dataset) - unreadable,
        seconds=seconds if stored else 0.0,
        bytes=(len(dataset) - unreadable) * image_bytes if stored else 0,
        done=_is_prepared(dataset, preparation, dataset_name) if all_opened and stored else None,
    )


def _is_prepared(dataset: Dataset, preparation: Preparation, dataset_name: str) -> bool | None:
    """Whether they are in the cache; ``None`` if the cache cannot be created."""
    with contextlib.suppress(RequestError):
        return prepared_folder(dataset, preparation, dataset_name).exists()
    return None


def seconds_each(dataset: Dataset, preparation: Preparation, limit: int | None = None) -> float:
    """The time to prepare an image, measured on a sample of at most ``limit`` images."""
    with contextlib.suppress(RequestError):
        dataset[0]  # opening an archive should not count
    some = evenly_spaced(len(dataset), min(_SAMPLE, limit or _SAMPLE))
    if isinstance(dataset, BulkDataset):
        some = range(len(some))

    def work(image: RawImage, value: Any) -> NDArray[np.uint8]:
        return prepare(image, preparation)

    start = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        for _ in map_images(dataset, some, work, pool):
            pass
    return (time.perf_counter() - start) / len(some)

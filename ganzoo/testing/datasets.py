"""Checks of datasets."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from ganzoo.components import ComponentSpec
from ganzoo.contracts import (
    BulkDataset,
    ChunkedDataset,
    Dataset,
    NamedDataset,
    ScalableDataset,
    StreamedDataset,
    condition_of,
)
from ganzoo.data.conditions import require_value, require_values
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError
from ganzoo.options import Options
from ganzoo.testing.problems import Problems

_N = 4


def check_dataset(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """Images and labels or values are valid, and the same each time and from any thread."""
    dataset: Dataset = component.build(options)
    again: Dataset = component.build(options)
    problems.expect(
        len(dataset) > 0,
        "it has no images with these options: pass those of a small dataset, "
        'check_plugin(..., options={"NAME": {...}})',
    )
    problems.expect(
        isinstance(dataset.fingerprint, str),
        f"its fingerprint is {dataset.fingerprint!r}, not a text: return such as "
        "ganzoo.fingerprint_of_folder(path)",
    )
    problems.expect(
        dataset.fingerprint == again.fingerprint,
        "its fingerprint changes: compute it from the images alone",
    )
    images = _checked_images(dataset, again, problems)
    with problems.catching("read()"):
        _check_bulk(dataset, images, problems)
    if isinstance(dataset, NamedDataset):
        with problems.catching("name()"):
            named = all(dataset.name(i) for i in range(min(len(dataset), _N)))
            problems.expect(named, "name(i) should return a text for each image")
    if isinstance(dataset, ChunkedDataset | StreamedDataset):
        with problems.catching("chunk, window and values"):
            _check_chunked(dataset, problems)
    if isinstance(dataset, StreamedDataset):
        with problems.catching("read_images()"):
            _check_streamed(dataset, images, problems)
    if isinstance(dataset, ScalableDataset):
        with problems.catching("at()"):
            _check_scalable(dataset, len(dataset), problems)


def _checked_images(dataset: Dataset, again: Dataset, problems: Problems) -> list[np.ndarray]:
    """The first images, which are read by two threads, and are the same ``again``."""
    indices = range(min(len(dataset), _N))
    images: list[np.ndarray] = []
    with problems.catching("dataset[i]"):
        with ThreadPoolExecutor(2) as pool:
            images += pool.map(lambda i: _checked_image(dataset, i, problems), indices)
        for index, pixels in zip(indices, images, strict=True):
            same = np.array_equal(pixels, _checked_image(again, index, problems))
            problems.expect(
                same,
                f"image {index} should be the same each time: leave random changes to "
                "augmentations, or seed them with the index",
            )
    return images


def _checked_image(dataset: Dataset, index: int, problems: Problems) -> np.ndarray:
    image, value = dataset[index]
    if not isinstance(image, Image.Image):
        valid = image.dtype == np.uint8 and image.ndim == 3
        if not problems.expect(
            valid, f"image {index} should be a PIL image, or an array of uint8 (H, W, C)"
        ):
            return image
    prepare(image, Preparation(resolution=8))
    try:
        require_value(value, condition_of(dataset), index, "")
    except RequestError as error:
        problems.add(str(error))
    return np.asarray(image)


def _check_bulk(dataset: Dataset, images: list[np.ndarray], problems: Problems) -> None:
    if isinstance(dataset, BulkDataset):
        read, values = dataset.read(range(len(images)))
        same = len(read) == len(images) and all(map(np.array_equal, read, images))
        problems.expect(same, "read() and [i] should return the same images")
        items = [dataset[index][1] for index in range(len(images))]
        conditions = [None] * len(images) if values is None else values.tolist()
        problems.expect(
            list(map(_as_plain, conditions)) == list(map(_as_plain, items)),
            "read() and [i] should return the same labels or values",
        )


def _as_plain(value: Any) -> Any:
    """A label or values in a form that can be compared."""
    return tuple(map(np.float32, value)) if isinstance(value, Iterable) else value


def _check_chunked(dataset: Dataset, problems: Problems) -> None:
    assert isinstance(dataset, ChunkedDataset | StreamedDataset)
    positive = min(dataset.chunk, dataset.window) > 0
    problems.expect(positive, "chunk and window should be positive")
    try:
        require_values(dataset.values, condition_of(dataset), len(dataset), "")
    except RequestError as error:
        problems.add(str(error))


def _check_streamed(dataset: StreamedDataset, images: list[np.ndarray], problems: Problems) -> None:
    """Some images of the first chunk are the same as one by one, read by several threads."""
    count = min(len(images), dataset.chunk)
    choices = [np.arange(count), np.arange(0, count, 2), np.arange(count - 1, count)]
    with ThreadPoolExecutor(len(choices)) as pool:
        for numbers, read in zip(choices, pool.map(dataset.read_images, choices), strict=True):
            same = len(read) == len(numbers) and all(
                np.array_equal(np.asarray(image), images[number])
                for number, image in zip(numbers.tolist(), read, strict=False)
            )
            problems.expect(
                same,
                f"read_images({numbers.tolist()}) should return these images in this order, the "
                "same as [i]",
            )


def _check_scalable(dataset: ScalableDataset, count: int, problems: Problems) -> None:
    small, large = dataset.at(8), dataset.at(16)
    problems.expect(len(small) == count, "at() should keep the number of images")
    problems.expect(
        small.fingerprint != large.fingerprint,
        "at() should return another fingerprint for another size",
    )

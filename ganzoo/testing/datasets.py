"""Checks of datasets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import BulkDataset, ChunkedDataset, Dataset, NamedDataset, ScalableDataset
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.testing.problems import Problems

_N = 4


def check_dataset(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """Images and labels are valid, and the same each time and from any thread."""
    dataset: Dataset = component.build(options)
    again: Dataset = component.build(options)
    problems.expect(len(dataset) > 0, "has no images")
    problems.expect(isinstance(dataset.fingerprint, str), "its fingerprint should be a text")
    problems.expect(dataset.fingerprint == again.fingerprint, "its fingerprint changes")
    indices = range(min(len(dataset), _N))
    images: list[np.ndarray] = []
    with problems.catching("dataset[i]"):
        with ThreadPoolExecutor(2) as pool:
            images += pool.map(lambda i: _checked_image(dataset, i, problems), indices)
        for index, pixels in zip(indices, images, strict=True):
            same = np.array_equal(pixels, _checked_image(again, index, problems))
            problems.expect(same, f"image {index} should be the same each time")
    with problems.catching("read()"):
        _check_bulk(dataset, images, problems)
    if isinstance(dataset, NamedDataset):
        with problems.catching("name()"):
            named = all(dataset.name(i) for i in indices)
            problems.expect(named, "name() should not be empty")
    if isinstance(dataset, ChunkedDataset):
        with problems.catching("chunk, window and labels"):
            _check_chunked(dataset, problems)
    if isinstance(dataset, ScalableDataset):
        with problems.catching("at()"):
            _check_scalable(dataset, len(dataset), problems)


def _checked_image(dataset: Dataset, index: int, problems: Problems) -> np.ndarray:
    image, label = dataset[index]
    if not isinstance(image, Image.Image):
        valid = image.dtype == np.uint8 and image.ndim == 3
        if not problems.expect(valid, f"image {index} should be uint8 (H, W, C)"):
            return image
    prepare(image, Preparation(resolution=8))
    classes = len(dataset.class_names)
    valid = label in range(classes) if classes else label is None
    problems.expect(valid, f"image {index} has the label {label}, but there are {classes} classes")
    return np.asarray(image)


def _check_bulk(dataset: Dataset, images: list[np.ndarray], problems: Problems) -> None:
    if isinstance(dataset, BulkDataset):
        read, labels = dataset.read(range(len(images)))
        same = len(read) == len(images) and all(map(np.array_equal, read, images))
        problems.expect(same, "read() and [i] should return the same images")
        problems.expect(
            (labels is None) == (not dataset.class_names),
            "read() should return labels if, and only if, there are class names",
        )


def _check_chunked(dataset: Dataset, problems: Problems) -> None:
    assert isinstance(dataset, ChunkedDataset)
    positive = min(dataset.chunk, dataset.window) > 0
    problems.expect(positive, "chunk and window should be positive")
    count = None if dataset.labels is None else len(dataset.labels)
    valid = count == (len(dataset) if dataset.class_names else None)
    problems.expect(valid, "labels should have one label per image, or be None without class names")


def _check_scalable(dataset: ScalableDataset, count: int, problems: Problems) -> None:
    small, large = dataset.at(8), dataset.at(16)
    problems.expect(len(small) == count, "at() should keep the number of images")
    problems.expect(
        small.fingerprint != large.fingerprint,
        "at() should return another fingerprint for another size",
    )

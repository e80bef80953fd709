"""What a dataset must do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import BulkDataset, ChunkedDataset, Dataset, NamedDataset, ScalableDataset
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.testing.findings import Findings

_N = 4


def check_dataset(component: ComponentSpec, options: Options, found: Findings) -> None:
    """Images and labels are what they should be, the same each time and from any thread."""
    source: Dataset = component.build(options)
    again: Dataset = component.build(options)
    found.expect(len(source) > 0, "is empty")
    found.expect(isinstance(source.fingerprint, str), "the fingerprint should be a text")
    found.expect(source.fingerprint == again.fingerprint, "the fingerprint should not change")
    numbers = range(min(len(source), _N))
    images: list[np.ndarray] = []
    with found.trying("source[i]"):
        with ThreadPoolExecutor(2) as pool:
            images += pool.map(lambda i: _image(source, i, found), numbers)
        for number, pixels in zip(numbers, images, strict=True):
            same = np.array_equal(pixels, _image(again, number, found))
            found.expect(same, f"image {number} should be the same each time")
    with found.trying("read()"):
        _check_bulk(source, images, found)
    if isinstance(source, NamedDataset):
        with found.trying("name()"):
            found.expect(all(source.name(i) for i in numbers), "every image has a name")
    if isinstance(source, ChunkedDataset):
        with found.trying("chunk, window and labels"):
            _check_chunked(source, found)
    if isinstance(source, ScalableDataset):
        with found.trying("at()"):
            small, large = source.at(8), source.at(16)
            found.expect(len(small) == len(source), "at() should keep the number of images")
            found.expect(
                small.fingerprint != large.fingerprint, "at(): another size, another fingerprint"
            )


def _image(source: Dataset, number: int, found: Findings) -> np.ndarray:
    image, label = source[number]
    if not isinstance(image, Image.Image):
        right = image.dtype == np.uint8 and image.ndim == 3
        if not found.expect(right, f"image {number} should be uint8 (H, W, C)"):
            return image
    prepare(image, Preparation(resolution=8))
    classes = len(source.class_names)
    labeled = label in range(classes) if classes else label is None
    found.expect(labeled, f"image {number} has the label {label} of {classes} classes")
    return np.asarray(image)


def _check_bulk(source: Dataset, images: list[np.ndarray], found: Findings) -> None:
    if isinstance(source, BulkDataset):
        drawn, labels = source.read(range(len(images)))
        same = len(drawn) == len(images) and all(map(np.array_equal, drawn, images))
        found.expect(same, "read() and [i] should agree")
        found.expect((labels is None) == (not source.class_names), "labels need class names")


def _check_chunked(source: Dataset, found: Findings) -> None:
    assert isinstance(source, ChunkedDataset)
    found.expect(min(source.chunk, source.window) > 0, "chunk and window are positive numbers")
    known = None if source.labels is None else len(source.labels)
    right = known == (len(source) if source.class_names else None)
    found.expect(right, "labels are those of all images, where there are class names")

"""What a dataset must do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from ganzoo.components import Component, Options
from ganzoo.contracts import BulkSource, ChunkedSource, ImageSource, NamedSource, ScalableSource
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.testing.findings import Findings

_N = 4


def check_dataset(component: Component, options: Options, found: Findings) -> None:
    """Pictures and labels are what they should be, the same each time and from any thread."""
    source: ImageSource = component.build(options)
    again: ImageSource = component.build(options)
    found.expect(len(source) > 0, "is empty")
    found.expect(isinstance(source.fingerprint, str), "the fingerprint should be a text")
    found.expect(source.fingerprint == again.fingerprint, "the fingerprint should not change")
    numbers = range(min(len(source), _N))
    pictures: list[np.ndarray] = []
    with found.trying("source[i]"):
        with ThreadPoolExecutor(2) as pool:
            pictures += pool.map(lambda i: _picture(source, i, found), numbers)
        for number, pixels in zip(numbers, pictures, strict=True):
            same = np.array_equal(pixels, _picture(again, number, found))
            found.expect(same, f"picture {number} should be the same each time")
    with found.trying("read()"):
        _check_bulk(source, pictures, found)
    if isinstance(source, NamedSource):
        with found.trying("name()"):
            found.expect(all(source.name(i) for i in numbers), "every picture has a name")
    if isinstance(source, ChunkedSource):
        with found.trying("chunk, window and labels"):
            _check_chunked(source, found)
    if isinstance(source, ScalableSource):
        with found.trying("at()"):
            small, large = source.at(8), source.at(16)
            found.expect(len(small) == len(source), "at() should keep the number of pictures")
            found.expect(
                small.fingerprint != large.fingerprint, "at(): another size, another fingerprint"
            )


def _picture(source: ImageSource, number: int, found: Findings) -> np.ndarray:
    picture, label = source[number]
    if not isinstance(picture, Image.Image):
        right = picture.dtype == np.uint8 and picture.ndim == 3
        if not found.expect(right, f"picture {number} should be uint8 (H, W, C)"):
            return picture
    prepare(picture, Preparation(resolution=8))
    classes = len(source.class_names)
    labelled = label in range(classes) if classes else label is None
    found.expect(labelled, f"picture {number} has the label {label} of {classes} classes")
    return np.asarray(picture)


def _check_bulk(source: ImageSource, pictures: list[np.ndarray], found: Findings) -> None:
    if isinstance(source, BulkSource):
        drawn, labels = source.read(range(len(pictures)))
        same = len(drawn) == len(pictures) and all(map(np.array_equal, drawn, pictures))
        found.expect(same, "read() and [i] should agree")
        found.expect((labels is None) == (not source.class_names), "labels need class names")


def _check_chunked(source: ImageSource, found: Findings) -> None:
    assert isinstance(source, ChunkedSource)
    found.expect(min(source.chunk, source.window) > 0, "chunk and window are positive numbers")
    known = None if source.labels is None else len(source.labels)
    right = known == (len(source) if source.class_names else None)
    found.expect(right, "labels are those of all pictures, where there are class names")

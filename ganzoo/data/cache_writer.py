"""Prepares a dataset's images into a folder; can be interrupted and resumed at any time."""

from __future__ import annotations

import json
import operator
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ganzoo.contracts import BulkDataset, Dataset, condition_of
from ganzoo.data.conditions import WrongCondition, require_value, value_type
from ganzoo.data.items import require_array, require_item
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError, UnreadableImage
from ganzoo.folders import write_atomically

_CHUNK = 256
_SECONDS = 2.0
"""Seconds between two writes of the progress: what a killed process may lose."""
NO_ATTRIBUTION: AbstractContextManager[None] = nullcontext()
"""The context for a dataset whose plugin is not known."""


class Row(NamedTuple):
    """A prepared image, uint8 (H, W, C), with its label or values; or why it was left out."""

    number: int
    pixels: NDArray[np.uint8] | None
    value: int | Sequence[float] | None = None
    reason: str = ""


@dataclass
class _Progress:
    """The part of the work that is done."""

    rows: int = 0
    gray: bool = True
    """Whether every image so far is gray."""
    skipped: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = operator.index(self.rows)
        self.skipped = [(operator.index(number), str(reason)) for number, reason in self.skipped]


class CacheWriter:
    """Writes prepared images into a folder, in order, and records the progress there."""

    def __init__(
        self,
        folder: Path,
        dataset: Dataset,
        preparation: Preparation,
        dataset_name: str = "",
        code: AbstractContextManager[None] = NO_ATTRIBUTION,
    ) -> None:
        self.folder = folder
        self.dataset = dataset
        self.condition = condition_of(dataset)
        self.preparation = preparation
        self.dataset_name = dataset_name
        """The dataset's qualified name, for messages."""
        self.code = code
        self._progress_file = folder / "progress.json"

    def done(self) -> int:
        """The number of images that are prepared, by this process or another."""
        return self._load_progress().rows

    def finish(self, progress: Callable[[int, int], None]) -> None:
        """Prepare the remaining images; write ``images.npy``, ``values.npy`` and ``about.json``.

        Without labels or values, there is no ``values.npy``. Raises UnreadableImage for an image
        that cannot be decoded, unless the dataset says to skip it; RequestError if no image can be
        read or a label or value is wrong; OSError if the disk is full. After a wrong label the
        folder is deleted, because the labels of other images may be wrong, too.
        """
        rows, every_value = self.folder / "rows.npy", self.folder / "every_value.npy"
        done = self._load_progress() if rows.exists() and every_value.exists() else _Progress()
        if not done.rows:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
        count, condition = len(self.dataset), self.condition
        size = (self.preparation.height, self.preparation.width, self.preparation.most_channels)
        pixels = _open_or_create(rows, np.uint8, (count, *size))
        dtype, shape = (value_type(condition), condition.shape) if condition else (np.int64, (0,))
        values = _open_or_create(every_value, dtype, (count, *shape))
        try:
            self._fill(done, pixels, values, progress)
        except WrongCondition:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        if len(done.skipped) == len(self.dataset):
            reason = done.skipped[0][1]
            raise RequestError(f"none of the {len(self.dataset)} images can be read: {reason}")
        self._write_results(done, pixels, values)

    def _load_progress(self) -> _Progress:
        try:
            done = _Progress(**json.loads(self._progress_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):  # there is none, or it is damaged
            return _Progress()
        return done if 0 <= done.rows <= len(self.dataset) else _Progress()

    def _fill(
        self,
        done: _Progress,
        pixels: np.memmap[Any, Any],
        values: np.memmap[Any, Any],
        progress: Callable[[int, int], None],
    ) -> None:
        last_write = time.monotonic()
        for rows in read(self.dataset, self.preparation, done.rows, self.code):
            for number, image, value, reason in rows:
                if image is None:
                    done.skipped.append((number, reason))
                    continue
                found = require_value(value, self.condition, number, self.dataset_name)
                pixels[number] = image
                if found is not None:
                    values[number] = found
                done.gray = done.gray and bool((image[..., :1] == image).all())
            done.rows += len(rows)
            progress(done.rows, len(self.dataset))
            if time.monotonic() - last_write > _SECONDS:
                pixels.flush()
                values.flush()
                write_atomically(self._progress_file, json.dumps(asdict(done)))
                last_write = time.monotonic()

    def _write_results(
        self, done: _Progress, pixels: np.memmap[Any, Any], values: np.memmap[Any, Any]
    ) -> None:
        """Remove the rows of skipped images, and keep one channel if all images are gray."""
        rows, file = self.folder / "rows.npy", self.folder / "images.npy"
        channels = 1 if done.gray and self.preparation.channels == "auto" else pixels.shape[-1]
        kept = np.delete(np.arange(len(pixels)), [number for number, _ in done.skipped])
        pixels.flush()
        if self.condition:
            np.save(self.folder / "values.npy", values[kept], allow_pickle=False)
        about = {
            "condition": self.condition.to_plain() if self.condition else None,
            "skipped": done.skipped,
            "source": type(self.dataset).__name__,
            "preparation": self.preparation.named(),
            "images": len(kept),
        }
        (self.folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
        if done.skipped or channels < pixels.shape[-1]:
            _copy_rows(pixels[..., :channels], kept, file)
            rows.unlink()
        else:
            rows.rename(file)
        for left in (self.folder / "every_value.npy", self._progress_file):
            left.unlink(missing_ok=True)


def read(
    dataset: Dataset,
    preparation: Preparation,
    start: int = 0,
    code: AbstractContextManager[None] = NO_ATTRIBUTION,
) -> Iterator[list[Row]]:
    """All images from number ``start`` on, prepared in threads, in lists of up to 256."""
    with ThreadPoolExecutor() as pool:
        for first in range(start, len(dataset), _CHUNK):
            indices = range(first, min(first + _CHUNK, len(dataset)))
            if isinstance(dataset, BulkDataset):
                with code:
                    images, values = dataset.read(indices)
                    require_array(images, "the first value of read()", ndim=4)
                yield _prepare_rows(indices, images, values, preparation)
            else:
                yield list(
                    pool.map(lambda index: read_one(dataset, index, preparation, code), indices)
                )


def read_one(
    dataset: Dataset,
    index: int,
    preparation: Preparation,
    code: AbstractContextManager[None] = NO_ATTRIBUTION,
) -> Row:
    """One prepared image; or the reason why it is left out, if the dataset says to skip it."""
    try:
        with code:
            item = dataset[index]
            require_item(item, index)
        image, value = item
        return Row(index, prepare(image, preparation), value)
    except UnreadableImage as error:
        if error.skip:
            return Row(index, None, reason=str(error))
        raise


def _prepare_rows(
    indices: range,
    images: NDArray[np.uint8],
    values: NDArray[Any] | None,
    preparation: Preparation,
) -> list[Row]:
    ready = images.shape[1:] == (preparation.height, preparation.width, preparation.most_channels)
    pixels = images if ready else [prepare(image, preparation) for image in images]
    conditions = [None] * len(indices) if values is None else values.tolist()
    return [Row(*row) for row in zip(indices, pixels, conditions, strict=True)]


def _open_or_create(file: Path, dtype: type[Any], shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    """The array in this file, memory-mapped; a new file gets its full size on the disk now."""
    if file.exists():
        return open_memmap(file, mode="r+")
    array = open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):  # without it, a full disk kills the process at a later row
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return array


def _copy_rows(pixels: NDArray[np.uint8], kept: NDArray[np.intp], file: Path) -> None:
    """Write the rows ``kept`` to another file."""
    file.unlink(missing_ok=True)  # left by a process that was killed
    array = _open_or_create(file, np.uint8, (len(kept), *pixels.shape[1:]))
    for start in range(0, len(kept), _CHUNK):
        array[start : start + _CHUNK] = pixels[kept[start : start + _CHUNK]]
    array.flush()

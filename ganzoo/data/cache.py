"""Prepared images: decoded, cropped and resized once, then read from one memory-mapped array."""

from __future__ import annotations

import json
import operator
import shutil
import tokenize
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ganzoo.contracts import Condition, Dataset, ImageShape, ScalableDataset
from ganzoo.data.cache_check import require_unchanged
from ganzoo.data.cache_writer import NO_ATTRIBUTION, CacheWriter, read_one
from ganzoo.data.conditions import is_valid, value_type
from ganzoo.data.order import Indices
from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError
from ganzoo.folders import cache_folder

_POLL_SECONDS = 0.5
"""Seconds between two checks whether another process has finished the same images."""

_DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, OverflowError, MemoryError),
    *(RecursionError, SyntaxError, tokenize.TokenError),
)
"""What NumPy and JSON raise for damaged files."""


@dataclass(frozen=True)
class PreparedImages:
    """All images of a dataset, decoded, cropped and resized, with their labels or values."""

    images: NDArray[np.uint8]
    """(N, H, W, C), memory-mapped."""
    values: NDArray[Any] | None
    """The label of each image, int64 (N,), or its values, float32 (N, D)."""
    condition: Condition | None
    identity: str = ""
    """A hash of the dataset's content and of how its images were prepared."""
    skipped: tuple[str, ...] = ()
    """The reason for each image that was left out because it could not be read."""
    left_out: tuple[int, ...] = ()
    """The numbers of these images in the dataset."""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, numbers: Indices) -> NDArray[np.uint8]:
        """The images of these numbers, (N, H, W, C)."""
        return self.images[numbers]

    @property
    def skipped_text(self) -> str:
        """A message with the number of images that were left out, and why each was."""
        count = len(self.skipped)
        what = "1 image is" if count == 1 else f"{count:,} images are"
        return "\n  ".join([f"{what} left out:", *self.skipped])

    @property
    def shape(self) -> ImageShape:
        """The shape of each image."""
        _, height, width, channels = self.images.shape
        return ImageShape(channels, height, width)


def load_or_prepare(
    dataset: Dataset,
    preparation: Preparation,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    dataset_name: str = "",
    code: AbstractContextManager[None] = NO_ATTRIBUTION,
) -> PreparedImages:
    """A dataset's prepared images: from the cache, or decoded, cropped and resized into it now.

    The cache key is a hash of the dataset's fingerprint and condition, its qualified name
    ``dataset_name``, and ``preparation``; so images that were moved or renamed are found again.
    ``progress(done, total)`` is called repeatedly while images are prepared. ``code`` is the
    context that attributes errors of the dataset to its plugin.

    Raises UnreadableImage for an image that cannot be decoded, unless the dataset says to skip it.
    Raises RequestError if no image can be read, the cache folder cannot be written, a label or
    value does not match the condition, or the images changed but the fingerprint did not.
    """
    if not len(dataset):
        raise RequestError("the dataset has no images")
    if isinstance(dataset, ScalableDataset):
        dataset = dataset.at(max(preparation.width, preparation.height))
    folder = prepared_folder(dataset, preparation, dataset_name)
    try:
        if folder.exists():
            require_unchanged(
                _open(folder, preparation), dataset, preparation, folder, dataset_name
            )
        else:
            _prepare_all(dataset, preparation, folder, progress, dataset_name, code)
        if readable := _readable_now(_open(folder, preparation), dataset, preparation, code):
            _prepare_all(dataset, preparation, folder, progress, dataset_name, code, stale=readable)
    except OSError as error:
        raise RequestError(
            f"cannot write prepared images to {folder.parent}: {error.strerror or error}; "
            "set the environment variable GANZOO_CACHE to another folder"
        ) from error
    return _open(folder, preparation)


def prepared_folder(dataset: Dataset, preparation: Preparation, dataset_name: str = "") -> Path:
    """The cache folder for a dataset's prepared images; it may not exist yet."""
    return cache_folder("prepared") / preparation.identity(dataset, dataset_name)


def _open(folder: Path, preparation: Preparation) -> PreparedImages:
    try:
        return _read(folder, preparation)
    except _DAMAGE as error:
        raise RequestError(
            f"the prepared images in {folder} are damaged ({error}): delete this folder, or all "
            "prepared images with `ganzoo data cache clear --prepared`; the next run prepares them "
            "again"
        ) from error


def _readable_now(
    found: PreparedImages,
    dataset: Dataset,
    preparation: Preparation,
    code: AbstractContextManager[None],
) -> tuple[int, ...]:
    """The numbers of all images that were left out, if any of them can be read now; else none.

    Raises UnreadableImage if one cannot be read and the dataset no longer says to skip it.
    """
    rows = [read_one(dataset, index, preparation, code) for index in found.left_out]
    return found.left_out if any(row.pixels is not None for row in rows) else ()


def _read(folder: Path, preparation: Preparation) -> PreparedImages:
    """The prepared images in a folder; raises any of _DAMAGE if its files are damaged."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    condition, values = Condition.from_plain(about["condition"]), folder / "values.npy"
    found = PreparedImages(
        images=open_memmap(folder / "images.npy", mode="r"),
        values=np.array(open_memmap(values, mode="r")) if condition else None,
        condition=condition,
        identity=folder.name,
        skipped=tuple(str(reason) for _, reason in about["skipped"]),
        left_out=tuple(operator.index(number) for number, _ in about["skipped"]),
    )
    if found.images.dtype != np.uint8 or found.images.shape[1:3] != (
        preparation.height,
        preparation.width,
    ):
        raise ValueError(f"the images are {found.images.dtype} of shape {found.images.shape}")
    count = operator.index(about["images"])
    numbers = range(count + len(found.left_out))
    if len(found) != count or not all(number in numbers for number in found.left_out):
        raise ValueError(f"{len(found)} of {count} images, left out {list(found.left_out)[:10]}")
    if condition and found.values is not None:
        _require_values(found.values, len(found), condition)
    return found


def _require_values(values: NDArray[Any], count: int, condition: Condition) -> None:
    well_formed = values.dtype == value_type(condition) and values.shape == (
        count,
        *condition.shape,
    )
    if not (well_formed and is_valid(values, condition)):
        raise ValueError(f"the values are {values.dtype} of shape {values.shape}")


def _prepare_all(
    dataset: Dataset,
    preparation: Preparation,
    folder: Path,
    progress: Callable[[int, int], None],
    dataset_name: str,
    code: AbstractContextManager[None],
    stale: tuple[int, ...] = (),
) -> None:
    """Prepare all images in a temporary folder, and rename it to ``folder`` when it is complete.

    Resumes the work of a process that was killed. Waits if another process prepares the same
    images. Replaces an existing folder in which the images ``stale`` were left out.
    """
    writer = CacheWriter(
        folder.with_name(f".{folder.name}.part"), dataset, preparation, dataset_name, code
    )
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    progress(0, len(dataset))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_POLL_SECONDS)
        except Timeout:
            progress(writer.done(), len(dataset))
    try:
        # Another process may have replaced it while this one waited.
        if stale and folder.exists() and _open(folder, preparation).left_out == stale:
            shutil.rmtree(folder)
        if not folder.exists():
            writer.finish(progress)
            writer.folder.rename(folder)
        # Waiting processes find the folder; later ones do not need the lock.
        Path(lock.lock_file).unlink(missing_ok=True)
    finally:
        lock.release()

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

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ganzoo.contracts import Dataset, ImageShape, ScalableDataset
from ganzoo.data.cache_check import require_unchanged
from ganzoo.data.cache_writer import NO_ATTRIBUTION, CacheWriter, read_one
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
    """All images of a dataset, decoded, cropped and resized, with their labels."""

    images: NDArray[np.uint8]
    """(N, H, W, C), memory-mapped."""
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
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

    The cache key is a hash of the dataset's fingerprint and class names, its qualified name
    ``dataset_name``, and ``preparation``; so images that were moved or renamed are found again.
    ``progress(done, total)`` is called repeatedly while images are prepared. ``code`` is the
    context that attributes errors of the dataset to its plugin.

    Raises UnreadableImage for an image that cannot be decoded, unless the dataset says to skip it.
    Raises RequestError if no image can be read, the cache folder cannot be written, a label does
    not match the class names, or the images changed but the fingerprint did not.
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
    labels = folder / "labels.npy"
    found = PreparedImages(
        images=open_memmap(folder / "images.npy", mode="r"),
        labels=np.array(open_memmap(labels, mode="r")) if labels.exists() else None,
        class_names=tuple(map(str, about["class_names"])),
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
    if len(found) != count or not set(found.left_out) <= set(numbers):
        raise ValueError(f"{len(found)} of {count} images, left out {list(found.left_out)[:10]}")
    if found.labels is not None:
        _require_labels(found.labels, len(found), len(found.class_names))
    return found


def _require_labels(labels: NDArray[np.int64], count: int, num_classes: int) -> None:
    well_formed = labels.dtype == np.int64 and labels.shape == (count,)
    if not (well_formed and labels.min() >= 0 and labels.max() < num_classes):
        raise ValueError(f"the labels are {labels.dtype} of shape {labels.shape}")


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
    lock = FileLock(folder.with_name(f".{folder.name}.lock"), mode=0o600)
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

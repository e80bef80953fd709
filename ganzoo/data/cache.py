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
from ganzoo.data.cache_writer import NO_ATTRIBUTION, CacheWriter, read_one
from ganzoo.data.cache_check import require_unchanged
from ganzoo.data.order import Indices
from ganzoo.data.preparation import Preparation
from ganzoo.errors import RequestError
from ganzoo.folders import cache_folder

_POLL_SECONDS = 0.5
"""Seconds between two looks at another process that prepares the same."""

_DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, OverflowError, MemoryError),
    *(RecursionError, SyntaxError, tokenize.TokenError),
)
"""What NumPy and JSON raise on files that are not what was written."""


@dataclass(frozen=True)
class PreparedImages:
    """All the images of a run, in the shape it trains on."""

    images: NDArray[np.uint8]
    """(N, H, W, C), mapped from disk."""
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    identity: str = ""
    """What they were prepared from and how, as a hash."""
    skipped: tuple[str, ...] = ()
    """One line for each image that could not be read and was left out."""
    left_out: tuple[int, ...] = ()
    """Their numbers in the source."""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, numbers: Indices) -> NDArray[np.uint8]:
        """Some of them, (N, H, W, C)."""
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
    """The images of a source as ``preparation`` asks for them, from the cache or prepared now.

    They are kept by the source's fingerprint and class names and by ``dataset_name``, the qualified name
    of its dataset, so a moved or renamed source is found again. ``progress(done, total)`` is called
    now and then, and only when there is work to do. ``code`` says whose an error of the source is.

    Raises UnreadableImage for an image that cannot be decoded, unless its source says to skip
    it, and RequestError if nothing is left, the cache folder cannot be written, a label does not go
    with the class names, or images changed under the same fingerprint.
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
            f"cannot keep prepared images in {folder.parent}: {error.strerror or error}; "
            "name another folder with the environment variable GANZOO_CACHE"
        ) from error
    return _open(folder, preparation)


def prepared_folder(dataset: Dataset, preparation: Preparation, dataset_name: str = "") -> Path:
    """The folder of a source's images, whether they are prepared already or not."""
    return cache_folder("prepared") / preparation.identity(dataset, dataset_name)


def _open(folder: Path, preparation: Preparation) -> PreparedImages:
    try:
        found = _read(folder, preparation)
    except _DAMAGE as error:
        raise RequestError(
            f"the prepared images in {folder} are damaged ({error}): delete this folder, or all "
            "prepared images with `ganzoo data cache clear --prepared`, and they are prepared again"
        ) from error
    return found


def _readable_now(
    found: PreparedImages,
    dataset: Dataset,
    preparation: Preparation,
    code: AbstractContextManager[None],
) -> tuple[int, ...]:
    """The numbers of all that were left out, if any of them can be read by now.

    Raises UnreadableImage if one cannot, and the source does not say any more to skip it.
    """
    rows = [read_one(dataset, index, preparation, code) for index in found.left_out]
    return found.left_out if any(row.pixels is not None for row in rows) else ()


def _read(folder: Path, preparation: Preparation) -> PreparedImages:
    """What was kept; raises any of _DAMAGE if it is not what was written."""
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
        raise ValueError(f"images are {found.images.dtype} of shape {found.images.shape}")
    count = operator.index(about["images"])
    numbers = range(count + len(found.left_out))
    if len(found) != count or not set(found.left_out) <= set(numbers):
        raise ValueError(f"{len(found)} of {count} images, without {list(found.left_out)[:10]}")
    if found.labels is not None:
        _require_labels(found.labels, len(found), len(found.class_names))
    return found


def _require_labels(labels: NDArray[np.int64], count: int, num_classes: int) -> None:
    whole = labels.dtype == np.int64 and labels.shape == (count,)
    if not (whole and labels.min() >= 0 and labels.max() < num_classes):
        raise ValueError(f"labels are {labels.dtype} of shape {labels.shape}")


def _prepare_all(
    dataset: Dataset,
    preparation: Preparation,
    folder: Path,
    progress: Callable[[int, int], None],
    dataset_name: str,
    code: AbstractContextManager[None],
    stale: tuple[int, ...] = (),
) -> None:
    """Prepare the images in a folder beside this one, which gets this name when it is whole.

    What a process that was killed has left there is gone on with. If another process is at it,
    that is waited for. A folder in which the ``stale`` ones are left out is made anew.
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
        # Another process may have made it anew while this one waited.
        if stale and folder.exists() and _open(folder, preparation).left_out == stale:
            shutil.rmtree(folder)
        if not folder.exists():
            writer.finish(progress)
            writer.folder.rename(folder)
        # Whoever waits for it finds the folder; nobody else will ask for it any more.
        Path(lock.lock_file).unlink(missing_ok=True)
    finally:
        lock.release()

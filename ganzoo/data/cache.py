"""Prepared pictures: decoded, cropped and resized once, then read from one memory-mapped array."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ganzoo.contracts import BulkSource, ImageShape, ImageSource, ScalableSource
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError, UnreadablePicture
from ganzoo.folders import cache_folder

_FORMAT = 1
_CHUNK = 256

Rows = tuple[NDArray[np.uint8], list[int | None], list[str]]
"""Some prepared pictures (N, H, W, C), their labels, and what was left out and why."""


@dataclass(frozen=True)
class PreparedPictures:
    """All the pictures of a run, in the shape it trains on."""

    pictures: NDArray[np.uint8]
    """(N, H, W, C), mapped from disk."""
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    """One line for each picture that could not be read and was left out."""

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def shape(self) -> ImageShape:
        """The shape of each picture."""
        _, height, width, channels = self.pictures.shape
        return ImageShape(channels, height, width)


def prepared(
    source: ImageSource,
    how: Preparation,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PreparedPictures:
    """The pictures of a source as ``how`` asks for them, from the cache or prepared now.

    They are kept by the source's fingerprint, so a moved or renamed source is found again.
    ``progress(done, total)`` is called now and then, and only when there is work to do.

    Raises UnreadablePicture for a picture that cannot be decoded, unless its source says to skip
    it, and RequestError if nothing is left or the cache folder cannot be written.
    """
    if isinstance(source, ScalableSource):
        source = source.at(how.resolution)
    key = json.dumps([_FORMAT, source.fingerprint, how.model_dump(mode="json")])
    folder = cache_folder("prepared") / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not folder.exists():
        try:
            _build(source, how, folder, progress)
        except OSError as error:
            raise RequestError(
                f"cannot keep prepared pictures in {folder.parent}: {error.strerror or error}; "
                "name another folder with the environment variable GANZOO_CACHE"
            ) from error
    return _open(folder)


def _open(folder: Path) -> PreparedPictures:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    labels = folder / "labels.npy"
    return PreparedPictures(
        pictures=np.load(folder / "pictures.npy", mmap_mode="r", allow_pickle=False),
        labels=np.load(labels, allow_pickle=False) if labels.exists() else None,
        class_names=tuple(about["class_names"]),
        skipped=tuple(about["skipped"]),
    )


def _build(
    source: ImageSource, how: Preparation, folder: Path, progress: Callable[[int, int], None]
) -> None:
    # Under a name of its own until it is whole: a cache from a killed process is never used.
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(source, how, part, progress)
        try:
            part.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was as far at the same time
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(
    source: ImageSource, how: Preparation, part: Path, progress: Callable[[int, int], None]
) -> None:
    channels = 3 if how.channels == "auto" else how.channels
    shape = (len(source), how.resolution, how.resolution, channels)
    rows = open_memmap(part / "rows.npy", mode="w+", dtype=np.uint8, shape=shape)
    labels: list[int | None] = []
    skipped: list[str] = []
    coloured = how.channels != "auto"
    done = 0
    progress(done, len(source))
    for pictures, names, gone in _chunks(source, how):
        rows[len(labels) : len(labels) + len(pictures)] = pictures
        coloured = coloured or not _grey(pictures)
        labels += names
        skipped += gone
        done += len(pictures) + len(gone)
        progress(done, len(source))
    if not labels:
        raise RequestError(f"not one of the {len(source)} pictures can be read: {skipped[0]}")
    kept = rows[: len(labels), ..., : channels if coloured else 1]
    pictures_file = open_memmap(part / "pictures.npy", mode="w+", dtype=np.uint8, shape=kept.shape)
    for start in range(0, len(kept), _CHUNK):
        pictures_file[start : start + _CHUNK] = kept[start : start + _CHUNK]
    pictures_file.flush()
    del rows, kept, pictures_file
    (part / "rows.npy").unlink()
    if all(label is not None for label in labels):
        np.save(part / "labels.npy", np.array(labels, np.int64), allow_pickle=False)
    about = {"class_names": list(source.class_names), "skipped": skipped}
    (part / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _chunks(source: ImageSource, how: Preparation) -> Iterator[Rows]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(source), _CHUNK):
            indices = range(start, min(start + _CHUNK, len(source)))
            if isinstance(source, BulkSource):
                drawn, labels = source.read(indices)
                pictures = list(pool.map(lambda picture: prepare(picture, how), drawn))
                named = [None] * len(drawn) if labels is None else labels.tolist()
                yield np.stack(pictures), named, []
            else:
                yield _collect(pool.map(lambda i: _one(source, i, how), indices), how)


def _one(
    source: ImageSource, index: int, how: Preparation
) -> tuple[NDArray[np.uint8], int | None] | str:
    try:
        picture, label = source[index]
        return prepare(picture, how), label
    except UnreadablePicture as error:
        if error.skip:
            return str(error)
        raise


def _collect(
    results: Iterator[tuple[NDArray[np.uint8], int | None] | str], how: Preparation
) -> Rows:
    pictures, labels, skipped = [], [], []
    for result in results:
        if isinstance(result, str):
            skipped.append(result)
        else:
            pictures.append(result[0])
            labels.append(result[1])
    channels = 3 if how.channels == "auto" else how.channels
    empty = np.empty((0, how.resolution, how.resolution, channels), np.uint8)
    return np.stack(pictures) if pictures else empty, labels, skipped


def _grey(pictures: NDArray[np.uint8]) -> bool:
    first = pictures[..., 0]
    return bool((first == pictures[..., 1]).all() and (first == pictures[..., 2]).all())

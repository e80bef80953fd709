"""Prepared pictures: decoded, cropped and resized once, then read from one memory-mapped array."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from ganzoo.contracts import BulkSource, ImageShape, ImageSource, ScalableSource
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError, UnreadablePicture
from ganzoo.folders import cache_folder

_FORMAT = 1
_CHUNK = 256
_DAY = 24 * 60 * 60


class _Row(NamedTuple):
    """A prepared picture (H, W, C) with its label, or why there is none."""

    number: int
    pixels: NDArray[np.uint8] | None
    label: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class PreparedPictures:
    """All the pictures of a run, in the shape it trains on."""

    pictures: NDArray[np.uint8]
    """(N, H, W, C), mapped from disk."""
    labels: NDArray[np.int64] | None
    class_names: tuple[str, ...]
    identity: str = ""
    """What they were prepared from and how, as a hash."""
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
    if not len(source):
        raise RequestError("the dataset has no pictures")
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
    return _open(folder, source, how)


def _open(folder: Path, source: ImageSource, how: Preparation) -> PreparedPictures:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    for index, _ in about["skipped"]:
        _read_one(source, index, how)  # raises if the source does not say any more to skip it
    labels = folder / "labels.npy"
    return PreparedPictures(
        pictures=np.load(folder / "pictures.npy", mmap_mode="r", allow_pickle=False),
        labels=np.load(labels, allow_pickle=False) if labels.exists() else None,
        class_names=tuple(about["class_names"]),
        identity=folder.name,
        skipped=tuple(reason for _, reason in about["skipped"]),
    )


def _build(
    source: ImageSource, how: Preparation, folder: Path, progress: Callable[[int, int], None]
) -> None:
    for left in folder.parent.glob(f".{folder.name}.*"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)
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
    file = part / "pictures.npy"
    shape = (len(source), how.resolution, how.resolution, _channels(how))
    pixels = _create(file, shape)
    labels: list[int | None] = []
    skipped: list[tuple[int, str]] = []
    grey = how.channels == "auto"
    progress(0, len(source))
    for rows in _read(source, how):
        for number, picture, label, reason in rows:
            if picture is None:
                skipped.append((number, reason))
                continue
            pixels[len(labels)] = picture
            labels.append(label)
            grey = grey and _is_grey(picture)
        progress(len(labels) + len(skipped), len(source))
    if not labels:
        raise RequestError(f"not one of the {len(source)} pictures can be read: {skipped[0][1]}")
    kept = pixels[: len(labels), ..., : 1 if grey else None]
    if kept.shape != shape:
        pixels = _rewritten(kept, file)
    pixels.flush()
    if all(label is not None for label in labels):
        np.save(part / "labels.npy", np.array(labels, np.int64), allow_pickle=False)
    about = {"class_names": list(source.class_names), "skipped": skipped}
    (part / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _create(file: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    pixels = open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):  # else a full disk would kill the process at some later row
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return pixels


def _rewritten(kept: NDArray[np.uint8], file: Path) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Some of the pixels of a file, in the file's place."""
    smaller = file.with_name("smaller.npy")
    pixels = _create(smaller, kept.shape)
    for start in range(0, len(kept), _CHUNK):
        pixels[start : start + _CHUNK] = kept[start : start + _CHUNK]
    smaller.replace(file)
    return pixels


def _read(source: ImageSource, how: Preparation) -> Iterator[list[_Row]]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(source), _CHUNK):
            indices = range(start, min(start + _CHUNK, len(source)))
            if isinstance(source, BulkSource):
                yield _read_bulk(source, indices, how)
            else:
                yield list(pool.map(lambda index: _read_one(source, index, how), indices))


def _read_bulk(source: BulkSource, indices: range, how: Preparation) -> list[_Row]:
    pictures, labels = source.read(indices)
    ready = pictures.shape[1:] == (how.resolution, how.resolution, _channels(how))
    pixels = pictures if ready else [prepare(picture, how) for picture in pictures]
    named = [None] * len(indices) if labels is None else labels.tolist()
    return [_Row(*row) for row in zip(indices, pixels, named, strict=True)]


def _read_one(source: ImageSource, index: int, how: Preparation) -> _Row:
    try:
        picture, label = source[index]
        return _Row(index, prepare(picture, how), label)
    except UnreadablePicture as error:
        if error.skip:
            return _Row(index, None, reason=str(error))
        raise


def _channels(how: Preparation) -> int:
    return 3 if how.channels == "auto" else how.channels


def _is_grey(picture: NDArray[np.uint8]) -> bool:
    return bool((picture[..., :1] == picture).all())

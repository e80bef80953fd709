"""Where each image of a tar file begins, and its label: found once, then kept in the cache."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ganzoo import IMAGE_SUFFIXES, RangeFile, RequestError, cache_folder, write_atomically
from ganzoo_webdataset.tar_reader import Member, TarReader

_VERSION = 2
_LARGEST_CLASS, _LARGEST_JSON = 1024, 2**20
_DAMAGE = (OSError, EOFError, ValueError, LookupError, zipfile.BadZipFile)


class TarIndex(NamedTuple):
    """The images of a tar file."""

    names: list[str]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    labels: list[Any]
    """The label of each image: a number, a text, a list of numbers, or ``None``."""
    sha256: str
    """That of the whole file."""
    without_image: int
    """The number of samples that are left out because they have no image."""


def index_of(file: RangeFile, label_key: str | None) -> TarIndex:
    """The index of a tar file, from the cache, or by reading the whole file once.

    A sample is the files with the same name up to the first dot after the last slash, one after
    the other. Its first image counts. Hidden files are skipped. Raises RequestError if the file or
    a label is damaged.
    """
    path = _path(file, label_key)
    with suppress(*_DAMAGE):
        return _load(path)
    lock = FileLock(path.with_suffix(".lock"), thread_local=False)
    with suppress(OSError, NotImplementedError):  # the cache may be another user's
        lock.acquire()
    try:
        with suppress(*_DAMAGE):  # another process may have made it meanwhile
            return _load(path)
        index = _read(file, label_key)
        with suppress(OSError):  # if the cache cannot be written, it is read again next time
            write_atomically(path, _dump(index))
        return index
    finally:
        if lock.is_locked:
            with suppress(OSError):
                Path(lock.lock_file).unlink()
            lock.release()


def is_indexed(file: RangeFile, label_key: str | None) -> bool:
    """Whether the index of a tar file is in the cache."""
    return _path(file, label_key).exists()


def _path(file: RangeFile, label_key: str | None) -> Path:
    key = json.dumps([_VERSION, file.address, file.version, label_key])
    return cache_folder("indexes") / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def _read(file: RangeFile, label_key: str | None) -> TarIndex:
    reader = TarReader(file)
    images: list[Member] = []
    labels: list[Any] = []
    current, image, label, without = "", None, None, 0

    def finish() -> None:
        nonlocal without
        if image is not None:
            images.append(image)
            labels.append(label)
        elif current:
            without += 1

    for member in reader.members():
        sample, suffix = _split(member.name)
        if not sample or sample.endswith("/"):  # hidden, such as the ._1.png of macOS
            continue
        if sample != current:
            finish()
            current, image, label = sample, None, None
        if f".{suffix.rpartition('.')[2]}" in IMAGE_SUFFIXES:
            image = image or member
        elif suffix == ("cls" if label_key is None else "json"):
            label = _label(reader, member, label_key, file)
    finish()
    return TarIndex(
        [image.name for image in images],
        np.array([image.offset for image in images], np.int64),
        np.array([image.size for image in images], np.int64),
        labels,
        reader.sha256,
        without,
    )


def _split(name: str) -> tuple[str, str]:
    """The name of the sample, and what comes after its first dot, in lower case."""
    folder, slash, file = name.rpartition("/")
    stem, _, suffix = file.partition(".")
    return folder + slash + stem, suffix.lower()


def _label(reader: TarReader, member: Member, key: str | None, file: RangeFile) -> Any:
    limit = _LARGEST_CLASS if key is None else _LARGEST_JSON
    where = f"{member.name} in {file.address}"
    if member.size > limit:
        raise RequestError(f"{where} has {member.size:,} bytes, and {limit:,} are allowed")
    try:
        text = reader.content(member).decode().strip()
        if key is None:
            return int(text) if text.removeprefix("-").isdecimal() else text
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{where} is damaged: {error}") from error
    if not isinstance(found, dict) or key not in found:
        keys = ", ".join(map(str, found)) if isinstance(found, dict) else "none"
        raise RequestError(
            f"{where} has no key {key!r}: write dataset.label_key=KEY; its keys are {keys[:200]}"
        )
    label = found[key]
    if not _is_label(label):
        raise RequestError(
            f"{where}: {key} is {json.dumps(label)[:100]}, not a whole number, a text or a list of "
            "numbers"
        )
    return label


def _is_label(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(type(each) in (int, float) for each in value)
    return type(value) in (int, str)


def _dump(index: TarIndex) -> bytes:
    file = io.BytesIO()
    texts = json.dumps([index.names, index.labels, index.sha256, index.without_image]).encode()
    np.savez(file, offsets=index.offsets, sizes=index.sizes, texts=np.frombuffer(texts, np.uint8))
    return file.getvalue()


_LOADING = threading.Lock()


def _load(path: Path) -> TarIndex:
    """A stored index; raises any of _DAMAGE if there is none, or if it is damaged."""
    # NumPy reads headers by ast.literal_eval, which fails at times in several threads of Python
    # 3.11 (python/cpython issue 106905).
    with _LOADING, np.load(path, allow_pickle=False) as stored:
        offsets, sizes, texts = stored["offsets"], stored["sizes"], stored["texts"]
    names, labels, sha256, without = json.loads(texts.tobytes())
    if not len(names) == len(labels) == len(offsets) == len(sizes):
        raise ValueError("it is damaged")
    return TarIndex(names, offsets, sizes, labels, sha256, without)

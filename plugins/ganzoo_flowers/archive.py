"""Images in a .tgz, read without unpacking it to disk."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ganzoo import RequestError, open_image

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_BYTES = 64 * 1024**2
_MAX_MEMBERS = 100_000
"""Far more than the dataset has, but few enough for the memory."""


class Archive:
    """The images in a .tgz, by name."""

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self._path = path
        self._names = frozenset(names)
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Image:
        """The image with this name.

        The first call reads all images into memory (345 MB for the whole dataset), because a
        compressed archive can only be read in order.

        Raises RequestError for an archive that is damaged, incomplete or unsafe.
        """
        with self._lock:
            if not self._files:
                self._files = _read(self._path, self._names)
        return open_image(io.BytesIO(self._files[name]), f"{name} in {self._path}")


def check_complete(path: Path, names: Collection[str], found: Collection[str]) -> None:
    """Raise RequestError if some of the names were not found."""
    missing = sorted(set(names) - set(found))
    if missing:
        raise RequestError(
            f"{path} has {len(names) - len(missing)} of {len(names)} images, {missing[0]} is "
            "missing: download or unpack it again"
        )


def _read(path: Path, names: Collection[str]) -> dict[str, bytes]:
    found = {}
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r:") as archive:
            for count, member in enumerate(archive):
                if count == _MAX_MEMBERS or not _is_safe(member):
                    raise RequestError(
                        f"{path} is refused because of its member {member.name!r}: download it "
                        "again"
                    )
                if member.name in names and (file := archive.extractfile(member)):
                    found[member.name] = file.read()
            packed.read(_MAX_BYTES)  # the checksum is verified at the end, after padding
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise RequestError(
            f"cannot read {path}, it is damaged or not a .tgz: {error}; download it again"
        ) from error
    check_complete(path, names, found)
    return found


def _is_safe(member: tarfile.TarInfo) -> bool:
    """Whether it is a folder or a file of limited size, with a path inside the archive."""
    name = PurePosixPath(member.name)
    inside = not name.is_absolute() and ".." not in name.parts
    return inside and (member.isreg() or member.isdir()) and member.size <= _MAX_BYTES

"""The images inside a .tgz, which is never unpacked."""

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

_LARGEST = 64 * 1024**2
_MOST_MEMBERS = 100_000
"""Far more than photographs need, and less than exhausts the memory."""


class Archive:
    """The images called ``names`` in a .tgz."""

    def __init__(self, path: Path, names: Collection[str]) -> None:
        self._path = path
        self._names = frozenset(names)
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Image:
        """The image called ``name``.

        The first call reads all of them into memory, in one pass (345 MB for the whole data set):
        a compressed archive can only be read in its own order.

        Raises RequestError for an archive that is damaged, not complete, or not of images.
        """
        with self._lock:
            if not self._files:
                self._files = _read(self._path, self._names)
        return open_image(io.BytesIO(self._files[name]), f"{name} in {self._path}")


def refuse_incomplete(where: Path, wanted: Collection[str], found: Collection[str]) -> None:
    """Raise RequestError unless everything wanted is found."""
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise RequestError(
            f"{where} has {len(wanted) - len(missing)} of {len(wanted)} images, {missing[0]} is "
            "missing: download or unpack it again"
        )


def _read(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    found = {}
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r:") as archive:
            for count, member in enumerate(archive):
                if count == _MOST_MEMBERS or not _is_harmless(member):
                    raise RequestError(f"{path} is not used, for its member {member.name!r}")
                if member.name in wanted and (file := archive.extractfile(member)):
                    found[member.name] = file.read()
            packed.read(_LARGEST)  # only at its end, after some padding, its checksum is checked
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise RequestError(
            f"cannot read {path}, it is damaged or no .tgz: {error}; download it again"
        ) from error
    refuse_incomplete(path, wanted, found)
    return found


def _is_harmless(member: tarfile.TarInfo) -> bool:
    """Whether it is a folder, or a file of a sane size, and its name stays inside."""
    name = PurePosixPath(member.name)
    inside = not name.is_absolute() and ".." not in name.parts
    return inside and (member.isreg() or member.isdir()) and member.size <= _LARGEST

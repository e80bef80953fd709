"""The files in a zip or tar file, listed once and read at random.

Nothing is extracted: the name of a file leads nowhere, it only says what class an image is of.
"""

from __future__ import annotations

import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from ganzoo import RequestError

_MOST_MEMBERS = 2_000_000
_LARGEST = 256 * 1024**2
"""Bytes of one file: what the largest image needs that is not compressed."""
_SMALL = 1024**2
_MOST_SHRUNK = 200
"""How many times its packed size a file may have, unless it is small; photographs reach 2."""
_PACKERS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
"""What unpacks a compressed tar, by how it begins."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Members(Protocol):
    """The files in an archive; links, devices and folders are passed over."""

    @property
    def names(self) -> list[str]:
        """Relative names, of which none leads outside."""
        ...

    def read(self, name: str) -> bytes:
        """What the file of this name holds; may be called from several threads.

        Raises ValueError, with the reason, if it cannot be read or is too large.
        """
        ...


def open_archive(path: Path) -> Members:
    """The files in an archive, whatever it is called.

    Raises RequestError if it is no zip or tar file, damaged, or compressed as a whole; for names
    that are absolute or lead upwards; and for more than 2 million members.
    """
    try:
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is no file: write dataset.path=FILE.zip or FILE.tar")
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise RequestError(
            f"cannot read {path}: {error.strerror}; write dataset.path=FILE.zip or FILE.tar"
        ) from error
    for beginning, packer in _PACKERS.items():
        if start.startswith(beginning):
            raise RequestError(
                f"{path} is compressed as a whole, so that no image is found without unpacking "
                f"all before it: `{packer} --decompress --keep {path.name}` leaves a .tar, which "
                "is read in place, as is a .zip"
            )
    with _refusing(path):
        return ZipMembers(path) if start.startswith(_ZIP) else TarMembers(path)


class ZipMembers:
    """The files in a zip file."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._lock = threading.Lock()
        if len(self._zip.filelist) > _MOST_MEMBERS:
            raise RequestError(f"{path} has more than {_MOST_MEMBERS:,} members")
        # Of two files of one name, the later replaces the earlier.
        self._files = {
            _checked(_slashed(info.filename), path): info
            for info in self._zip.filelist
            if _is_file(info)
        }

    @property
    def names(self) -> list[str]:
        """As they are in the archive, without repeated and needless parts."""
        return list(self._files)

    def read(self, name: str) -> bytes:
        """What the file of this name holds, its checksum checked."""
        info = self._files[name]
        if info.flag_bits & 1:
            raise ValueError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed by another method than deflate")
        _refuse_bomb(info.file_size, info.compress_size)
        try:
            with self._lock, self._zip.open(info) as file:
                return file.read(info.file_size)
        except (
            *(OSError, EOFError, ValueError, NotImplementedError),
            *(zipfile.BadZipFile, zlib.error),
        ) as error:
            raise ValueError(f"it is damaged ({error})") from error


class _Place(NamedTuple):
    offset: int
    size: int


class TarMembers:
    """The files in a tar file that is not compressed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, _Place] = {}
        with tarfile.open(path, "r:") as archive:
            count = 0
            while member := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
                count += 1
                if count > _MOST_MEMBERS:
                    raise RequestError(f"{path} has more than {_MOST_MEMBERS:,} members")
                if member.isreg() and not member.issparse():
                    name = _checked(member.name, path)
                    self._places[name] = _Place(member.offset_data, member.size)
            _refuse_early_end(path, archive.offset)

    @property
    def names(self) -> list[str]:
        """As they are in the archive, without repeated and needless parts."""
        return list(self._places)

    def read(self, name: str) -> bytes:
        """What the file of this name holds."""
        place = self._places[name]
        _refuse_bomb(place.size, place.size)
        try:
            with self._path.open("rb") as file:
                file.seek(place.offset)
                content = file.read(place.size)
        except OSError as error:
            raise ValueError(error.strerror or str(error)) from error
        if len(content) < place.size:
            raise ValueError("the archive has become shorter")
        return content


def _is_file(info: zipfile.ZipInfo) -> bool:
    """Archives made on some systems do not say what a member is."""
    return not _slashed(info.filename).endswith("/") and stat.S_IFMT(info.external_attr >> 16) in (
        0,
        stat.S_IFREG,
    )


def _slashed(name: str) -> str:
    """With "/" between folders, where some programs for Windows write backslashes."""
    return name.replace("\\", "/")


def _checked(name: str, path: Path) -> str:
    """The name without needless parts, such as the "./" at the beginning of many."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise RequestError(
            f"{path} is not used, for its member {name!r}, whose name leads outside: pack it again "
            "with relative names"
        )
    return str(relative)


def _refuse_bomb(size: int, packed: int) -> None:
    if size > _LARGEST:
        raise ValueError(f"it has {size:,} bytes, and {_LARGEST:,} are allowed")
    if size > max(_SMALL, packed * _MOST_SHRUNK):
        raise ValueError(f"{packed:,} bytes that unpack to {size:,} are no image")


def _refuse_early_end(path: Path, end: int) -> None:
    """Whatever is not a member's beginning ends the list, but only zeros should."""
    with path.open("rb") as file:
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise ValueError(f"there is no member and no end at byte {end:,}")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with an archive."""
    try:
        yield
    except RequestError:
        raise
    except (
        *(OSError, EOFError, ValueError, NotImplementedError, struct.error),
        *(tarfile.TarError, zipfile.BadZipFile),
    ) as error:
        raise RequestError(
            f"cannot read {path}, it is damaged or no zip or tar file: {error}"
        ) from error

"""Random access to the files in a zip or tar file.

Nothing is extracted to the disk; the names of files are used for labels only.
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

_MAX_MEMBERS = 2_000_000
_MAX_BYTES = 256 * 1024**2
"""The largest allowed file in bytes: the size of the largest image without compression."""
_SMALL_BYTES = 1024**2
_MAX_RATIO = 200
"""The largest allowed compression ratio, except for small files; photographs reach 2."""
_DECOMPRESSORS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
"""The command that decompresses a tar file, by the file's first bytes."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Members(Protocol):
    """The files in an archive, without links, devices and folders."""

    @property
    def names(self) -> list[str]:
        """Relative names without '..'."""
        ...

    def read(self, name: str) -> bytes:
        """The content of the file; may be called from several threads.

        Raises ValueError, with the reason, if it cannot be read or is too large.
        """
        ...


def open_archive(path: Path) -> Members:
    """The files in an archive; its format is recognized by its content, not by its name.

    Raises RequestError if it is not a zip or tar file, is damaged, or is a compressed tar; if a
    name is absolute or contains '..'; and for more than 2 million members.
    """
    try:
        # Opening a named pipe would block.
        if not stat.S_ISREG(path.stat().st_mode):
            raise RequestError(f"{path} is not a file: write dataset.path=FILE.zip or FILE.tar")
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise RequestError(
            f"cannot read {path}: {error.strerror}; write dataset.path=FILE.zip or FILE.tar"
        ) from error
    for beginning, command in _DECOMPRESSORS.items():
        if start.startswith(beginning):
            raise RequestError(
                f"{path} is compressed with {command}, so that single images cannot be read: write "
                f"`{command} --decompress --keep {path.name}` to get a .tar file, or use a .zip"
            )
    with _as_request_error(path):
        return ZipMembers(path) if start.startswith(_ZIP) else TarMembers(path)


class ZipMembers:
    """The files in a zip file."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._lock = threading.Lock()
        if len(self._zip.filelist) > _MAX_MEMBERS:
            raise RequestError(f"{path} has more than {_MAX_MEMBERS:,} files: split it")
        # Of two files with the same name, the later one replaces the earlier one.
        self._files = {
            _safe_name(_slashed(info.filename), path): info
            for info in self._zip.filelist
            if _is_file(info)
        }

    @property
    def names(self) -> list[str]:
        """The names in the archive, normalized and without duplicates."""
        return list(self._files)

    def read(self, name: str) -> bytes:
        """The content of the file; its checksum is verified."""
        info = self._files[name]
        if info.flag_bits & 1:
            raise ValueError("it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("its compression method is not deflate")
        _refuse_bomb(info.file_size, info.compress_size)
        try:
            with self._lock, self._zip.open(info) as file:
                return file.read(info.file_size)
        except (
            *(OSError, EOFError, ValueError, NotImplementedError),
            *(zipfile.BadZipFile, zlib.error),
        ) as error:
            raise ValueError(f"it is damaged ({error})") from error


class _Extent(NamedTuple):
    offset: int
    size: int


class TarMembers:
    """The files in a tar file that is not compressed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._extents: dict[str, _Extent] = {}
        with tarfile.open(path, "r:") as archive:
            count = 0
            while member := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # otherwise tarfile keeps all members in memory
                if archive.offset <= member.offset:  # it would never end
                    raise ValueError(f"the header at byte {member.offset:,} points back")
                count += 1
                if count > _MAX_MEMBERS:
                    raise RequestError(f"{path} has more than {_MAX_MEMBERS:,} files: split it")
                if member.isreg() and not member.issparse():
                    name = _safe_name(member.name, path)
                    self._extents[name] = _Extent(member.offset_data, member.size)
            _refuse_early_end(path, archive.offset)

    @property
    def names(self) -> list[str]:
        """The names in the archive, normalized and without duplicates."""
        return list(self._extents)

    def read(self, name: str) -> bytes:
        """The content of the file."""
        extent = self._extents[name]
        _refuse_bomb(extent.size, extent.size)
        try:
            with self._path.open("rb") as file:
                file.seek(extent.offset)
                content = file.read(extent.size)
        except OSError as error:
            raise ValueError(error.strerror or str(error)) from error
        if len(content) < extent.size:
            raise ValueError("the archive is now shorter than when it was opened")
        return content


def _is_file(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a regular file; some systems do not write the type of members."""
    return not _slashed(info.filename).endswith("/") and stat.S_IFMT(info.external_attr >> 16) in (
        0,
        stat.S_IFREG,
    )


def _slashed(name: str) -> str:
    """The name with "/" between folders; some programs for Windows write backslashes."""
    return name.replace("\\", "/")


def _safe_name(name: str, path: Path) -> str:
    """The normalized name, without "./"; refuses names that lead outside the archive."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise RequestError(
            f"{path} has the member {name!r}, whose name leads outside the archive: create the "
            "archive again with relative names"
        )
    return str(relative)


def _refuse_bomb(size: int, compressed: int) -> None:
    if size > _MAX_BYTES:
        raise ValueError(f"it has {size:,} bytes; the limit is {_MAX_BYTES:,}")
    if size > max(_SMALL_BYTES, compressed * _MAX_RATIO):
        raise ValueError(f"{compressed:,} bytes that decompress to {size:,} are not an image")


def _refuse_early_end(path: Path, end: int) -> None:
    """Refuse a tar file whose list of members does not end with a block of zeros."""
    with path.open("rb") as file:
        file.seek(end)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise ValueError(
                f"there is neither a member nor the end of the archive at byte {end:,}"
            )


@contextmanager
def _as_request_error(path: Path) -> Iterator[None]:
    """Turn errors of a damaged archive into a RequestError."""
    try:
        yield
    except RequestError:
        raise
    except (
        *(OSError, EOFError, ValueError, NotImplementedError, struct.error),
        *(LookupError, OverflowError, RecursionError),
        *(tarfile.TarError, zipfile.BadZipFile),
    ) as error:
        raise RequestError(
            f"cannot read {path}: it is damaged, or not a zip or tar file ({error}); create it "
            "again"
        ) from error

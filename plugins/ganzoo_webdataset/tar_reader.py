"""A tar file, read once from its start to its end."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple, cast

from ganzoo import RangeFile, RequestError

_PIECE = 8 * 2**20
"""Bytes that are read at once."""
_MOST_BYTES = 256 * 2**20
"""The largest allowed member: the size of the largest image without compression."""
_MOST_AT_ONCE = 16 * 2**20
"""The largest header or label."""
_DAMAGE = (
    *(tarfile.TarError, ValueError, EOFError, OSError),
    *(LookupError, OverflowError, RecursionError),
)
"""What tarfile raises for damaged headers."""
_DECOMPRESSORS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class Member(NamedTuple):
    """A file in a tar file."""

    name: str
    offset: int
    size: int


class TarReader:
    """Reads the members of a tar file, and computes the SHA-256 of the whole file on the way.

    Nothing is extracted. Links, devices and folders are skipped.
    """

    def __init__(self, file: RangeFile) -> None:
        self._file = file
        self._start, self._piece = 0, b""
        self._position = 0
        self._digest = hashlib.sha256()

    def members(self) -> Iterator[Member]:
        """All members, in order.

        Raises RequestError if the file is damaged, compressed or not a tar file, or if a member is
        larger than 256 MiB.
        """
        address = self._file.address
        self._refuse_compressed()
        try:
            with tarfile.open(fileobj=cast(IO[bytes], self), mode="r:") as archive:
                while member := archive.next():
                    archive.members.clear()  # type: ignore[attr-defined]  # otherwise tarfile keeps all
                    if archive.offset <= member.offset:  # it would never end
                        raise ValueError(f"its header at byte {member.offset:,} points back")
                    if not member.isreg() or member.issparse():
                        continue
                    if member.size > _MOST_BYTES:
                        raise RequestError(
                            f"{member.name} in {address} has {member.size:,} bytes, and "
                            f"{_MOST_BYTES:,} are allowed: leave it out"
                        )
                    yield Member(member.name, member.offset_data, member.size)
                self._read_end(archive.offset)
        except _DAMAGE as error:
            if isinstance(error, RequestError):
                raise
            raise RequestError(
                f"cannot read {address}: it is damaged, or not a tar file ({error}); write it again"
            ) from error

    @property
    def sha256(self) -> str:
        """That of the file, after all members were read."""
        assert self._start + len(self._piece) == self._file.size
        return self._digest.hexdigest()

    def content(self, member: Member) -> bytes:
        """The content of the member that ``members`` returned last."""
        self.seek(member.offset)
        return self.read(member.size)

    # What tarfile calls.

    def tell(self) -> int:
        """The position in the file."""
        return self._position

    def seek(self, position: int, whence: int = 0) -> int:
        """Move to a position, at which the next read begins."""
        assert whence == 0
        self._position = position
        return position

    def read(self, count: int) -> bytes:
        """Up to so many bytes; less at the end of the file."""
        if count > _MOST_AT_ONCE:
            raise ValueError(f"a header has {count:,} bytes")
        content = b""
        while len(content) < count and self._position < self._file.size:
            self._advance(self._position)
            at = self._position - self._start
            part = self._piece[at : at + count - len(content)]
            content += part
            self._position += len(part)
        return content

    def _advance(self, position: int) -> None:
        """Read on until this position is in the current piece."""
        if position < self._start:
            raise ValueError(f"its header at byte {position:,} points back")
        while position >= self._start + len(self._piece):
            self._start += len(self._piece)
            stop = min(self._start + _PIECE, self._file.size)
            self._piece = self._file.read(self._start, stop, keep=False)
            self._digest.update(self._piece)

    def _read_end(self, position: int) -> None:
        """Refuse what comes after the last member, unless it is zeros, as in a complete file."""
        self.seek(position)
        if self.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise ValueError(f"there is neither a member nor the end at byte {position:,}")
        while rest := self.read(_PIECE):
            if rest.strip(b"\0"):
                raise ValueError(
                    f"more follows after its end at byte {position:,}, as in tar files that were "
                    "joined by cat"
                )

    def _refuse_compressed(self) -> None:
        start = self.read(6)
        self.seek(0)
        for beginning, command in _DECOMPRESSORS.items():
            if start.startswith(beginning):
                raise RequestError(
                    f"{self._file.address} is compressed with {command}, so that single images "
                    f"cannot be read: decompress it with `{command} --decompress`"
                )

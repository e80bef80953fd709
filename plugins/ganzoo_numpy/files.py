"""Arrays in .npy and .npz files, mapped from the disk unless they are compressed.

NumPy's own reader of .npz files has no bound on what a small file may unpack to.
"""

from __future__ import annotations

import math
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ganzoo import RequestError

_MOST_UNPACKED = 4 * 1024**3
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_MOST_SHOWN = 12
_BEFORE_MEMBER = struct.Struct("<26xHH")
"""The header of a zip file's member: it ends with the lengths of a name and of extras."""


def map_npy(path: Path, start: int = 0) -> NDArray[Any]:
    """The array that begins at byte ``start`` of a file, mapped from it for reading.

    Raises RequestError if it is damaged, cut short, or of Python objects.
    """
    with _refusing(path), path.open("rb") as file:
        file.seek(start)
        header = _header(file)
        if file.tell() + header.size > path.stat().st_size:
            raise ValueError(f"it should have {header.size:,} bytes more than it has")
        return np.memmap(file, header.dtype, "r", file.tell(), header.shape, header.order)


class Npz:
    """The arrays in an .npz file, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _refusing(path):
            self._zip = zipfile.ZipFile(path)
        names = [name for name in self._zip.namelist() if name.endswith(".npy")]
        self.keys = [name.removesuffix(".npy") for name in names]

    @property
    def shown(self) -> str:
        """The first dozen of the names, for a message."""
        return ", ".join(
            key if key.isprintable() else ascii(key) for key in self.keys[:_MOST_SHOWN]
        )

    def read(self, key: str) -> NDArray[Any]:
        """The array of this name: mapped if it lies there as it is, else unpacked into memory.

        Raises RequestError as ``map_npy`` does, for more than 4 GiB in the memory, and for texts
        of what are no characters.
        """
        array = self._read(key)
        if array.dtype.kind == "U":
            codes = array.reshape(-1).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
            if codes.max(initial=0) > sys.maxunicode:  # on which Python itself fails
                raise RequestError(f"{self.path}: {key} is damaged: it holds no texts")
        return array

    def _read(self, key: str) -> NDArray[Any]:
        member = self._zip.getinfo(f"{key}.npy")
        if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            return map_npy(self.path, self._start(member))
        with _refusing(self.path), self._zip.open(member) as file:
            if member.compress_type != zipfile.ZIP_DEFLATED:
                raise ValueError(f"{key} is compressed in another way than NumPy's")
            header = _header(file)
            if header.size > _MOST_UNPACKED:
                raise RequestError(
                    f"{self.path}: {key} unpacks to {header.size:,} bytes of memory, and "
                    f"{_MOST_UNPACKED:,} are allowed: write it with np.savez, which packs nothing"
                )
            content = file.read(header.size + 1)  # one more is its end, where it is checked
            if len(content) != header.size:
                raise ValueError(f"{key} is damaged: it is not as long as it says")
            return np.frombuffer(content, header.dtype).reshape(header.shape, order=header.order)

    def _start(self, member: zipfile.ZipInfo) -> int:
        with _refusing(self.path), self.path.open("rb") as file:
            file.seek(member.header_offset)
            name, extras = _BEFORE_MEMBER.unpack(file.read(_BEFORE_MEMBER.size))
            return file.tell() + int(name + extras)


class _Header(NamedTuple):
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]
    size: int
    """Of the numbers, in bytes."""


def _header(file: IO[bytes]) -> _Header:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"its version is {version}")
    shape, fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which could run code")
    if not all(type(length) is int and 0 <= length <= sys.maxsize for length in shape):
        raise ValueError(f"its shape is {shape}")
    if not dtype.itemsize:
        raise ValueError(f"it holds {dtype}, of no bytes each: write it anew with np.savez")
    size = math.prod(shape) * dtype.itemsize
    return _Header(shape, "F" if fortran else "C", dtype, size)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a file."""
    try:
        yield
    except RequestError:
        raise
    except (
        *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, RecursionError),
        *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError),
    ) as error:
        reason = " ".join(str(error).split()) or "it ends too early"
        raise RequestError(f"cannot read {path}: {reason}") from error

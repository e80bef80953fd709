"""Arrays in .npy and .npz files, memory-mapped unless they are compressed.

NumPy's own reader of .npz files does not limit the memory that a small file decompresses to.
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

_MAX_UNPACKED = 4 * 1024**3
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_MAX_SHOWN = 12
_MEMBER_HEADER = struct.Struct("<26xHH")
"""The header of a zip file's member; its last fields are the lengths of name and extra fields."""


def map_npy(path: Path, start: int = 0) -> NDArray[Any]:
    """Memory-map the array that starts at byte ``start`` of a file, read-only.

    Raises RequestError if it is damaged, truncated or of Python objects.
    """
    with _errors_as_request_error(path), path.open("rb") as file:
        file.seek(start)
        header = _header(file)
        if file.tell() + header.size > path.stat().st_size:
            raise ValueError(f"it is truncated: its array of {header.size:,} bytes is not complete")
        return np.memmap(file, header.dtype, "r", file.tell(), header.shape, header.order)


class Npz:
    """The arrays in an .npz file, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _errors_as_request_error(path):
            self._zip = zipfile.ZipFile(path)
        names = [name for name in self._zip.namelist() if name.endswith(".npy")]
        self.keys = [name.removesuffix(".npy") for name in names]

    @property
    def shown(self) -> str:
        """The first names, for a message."""
        return ", ".join(key if key.isprintable() else ascii(key) for key in self.keys[:_MAX_SHOWN])

    def read(self, key: str) -> NDArray[Any]:
        """The array of this name: memory-mapped if not compressed, else decompressed.

        Raises RequestError as ``map_npy`` does, for more than 4 GiB in memory, and for strings
        with invalid characters.
        """
        array = self._read(key)
        if array.dtype.kind == "U":
            codes = array.reshape(-1).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
            if codes.max(initial=0) > sys.maxunicode:  # Python cannot read such strings
                raise RequestError(
                    f"{self.path}: {key} is damaged: its strings have invalid characters"
                )
        return array

    def _read(self, key: str) -> NDArray[Any]:
        member = self._zip.getinfo(f"{key}.npy")
        if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            return map_npy(self.path, self._start(member))
        with _errors_as_request_error(self.path), self._zip.open(member) as file:
            if member.compress_type != zipfile.ZIP_DEFLATED:
                raise ValueError(
                    f"{key} is not compressed as by NumPy: write it with np.savez_compressed"
                )
            header = _header(file)
            if header.size > _MAX_UNPACKED:
                raise RequestError(
                    f"{self.path}: {key} takes {header.size:,} bytes of memory, and "
                    f"{_MAX_UNPACKED:,} are allowed: write it with np.savez, without compression"
                )
            content = file.read(header.size + 1)  # reading to the end verifies the checksum
            if len(content) != header.size:
                raise ValueError(f"{key} is damaged: its size is not that of its header")
            return np.frombuffer(content, header.dtype).reshape(header.shape, order=header.order)

    def _start(self, member: zipfile.ZipInfo) -> int:
        with _errors_as_request_error(self.path), self.path.open("rb") as file:
            file.seek(member.header_offset)
            name, extras = _MEMBER_HEADER.unpack(file.read(_MEMBER_HEADER.size))
            return file.tell() + int(name + extras)


class _Header(NamedTuple):
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]
    size: int
    """Size of the array, in bytes."""


def _header(file: IO[bytes]) -> _Header:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"its version is {version}")
    shape, fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it contains Python objects, which could run code")
    if not all(type(length) is int and 0 <= length <= sys.maxsize for length in shape):
        raise ValueError(f"its shape is {shape}")
    if not dtype.itemsize:
        raise ValueError(
            f"its type is {dtype}, whose elements have no bytes: write it again with np.savez"
        )
    size = math.prod(shape) * dtype.itemsize
    return _Header(shape, "F" if fortran else "C", dtype, size)


@contextmanager
def _errors_as_request_error(path: Path) -> Iterator[None]:
    """Turn all errors of reading a file into a RequestError of one line."""
    try:
        yield
    except RequestError:
        raise
    except (
        *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, RecursionError),
        *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError),
    ) as error:
        reason = " ".join(str(error).split()) or "it is truncated"
        raise RequestError(f"cannot read {path}: {reason}") from error

"""Read lists of numbers in MATLAB files.

SciPy's reader crashes the process on some damaged files, and little of it is needed here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError

_MATRIX, _COMPRESSED = 14, 15
_TYPES = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), "bBhHiIfdqQ", strict=True))
_HDF5 = b"\x89HDF\r\n\x1a\n"
_VERSION_4 = struct.Struct("<5i")
_TYPES_4 = {
    1000 * order + 10 * number + form
    for order in (0, 1)
    for number in range(6)
    for form in (0, 1, 2)
}
"""Byte order, number type and matrix type, which version 4 stores in one number."""
_MAX_NAME_LENGTH = 64
_MAX_BYTES = 2**24
_MAX_NUMBER = 2**16


def read_numbers(path: Path, name: str) -> NDArray[np.int64]:
    """The positive integers in the matrix ``name``, int64 (N,).

    Raises RequestError if the file cannot be read or has no such matrix.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
        if version := _other_version(content):
            raise RequestError(
                f"{path} is a MATLAB file of version {version}, but only versions 5 to 7 are "
                "supported: use the published file, or save this one in MATLAB with "
                f"save('{path.name}', '{name}', '-v7')"
            )
        numbers = _matrix(content, name)
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, LookupError, struct.error, zlib.error) as error:
        raise RequestError(
            f"cannot read {path}, it is damaged or not a MATLAB file: {error}"
        ) from error
    if not numbers.size or not ((numbers >= 1) & (numbers <= _MAX_NUMBER)).all():
        raise RequestError(f"{path} is damaged: {name} has values that are not positive integers")
    return numbers.astype(np.int64)


def _other_version(content: bytes) -> str:
    """The version of a MATLAB file of version 4 or 7.3; empty for all other files.

    MathWorks, MAT-File Format: version 4 begins with a type, the shape of a matrix, whether it
    has an imaginary part, and the length of its name; version 7.3 is HDF5 after a text header.
    """
    if content.startswith(b"MATLAB 7.3") or content[512:520] == _HDF5 or content[:8] == _HDF5:
        return "7.3 (HDF5)"
    if len(content) < _VERSION_4.size or content[:6] == b"MATLAB":
        return ""
    for order in "<>":
        kind, rows, columns, imaginary, length = struct.unpack_from(f"{order}5i", content)
        plausible = (
            min(rows, columns) >= 0 and imaginary in (0, 1) and 1 < length <= _MAX_NAME_LENGTH
        )
        end = _VERSION_4.size + length
        named = plausible and content[end - 1 : end] == b"\0" and content[20 : end - 1].isascii()
        if named and kind in _TYPES_4:
            return "4"
    return ""


def _matrix(content: bytes, name: str) -> NDArray[Any]:
    """The numbers of a matrix in a file of version 5 to 7 (MathWorks, MAT-File Format)."""
    if content[126:128] != b"IM":
        raise ValueError("it does not have the header of a MATLAB file")
    for kind, data in _elements(content[128:]):
        if kind == _COMPRESSED:
            ((kind, data),) = _elements(zlib.decompressobj().decompress(data, _MAX_BYTES))
        if kind == _MATRIX:
            _flags, _shape, (_, title), (number, values), *_ = _elements(data)
            if title == name.encode():
                return np.frombuffer(values, f"<{_TYPES[number]}")
    raise ValueError(f"it has no matrix {name!r}")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and content of each data element."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        start = at + 8
        if kind >> 16:  # a small element: its content is in the place of its size
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            at += 8
        else:
            at = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("it is truncated")
        yield kind, data[start : start + size]

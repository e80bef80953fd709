"""Lists of numbers in MATLAB's files.

SciPy's reader takes the process down on some damaged files, and little of it is needed here.
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
_MOST_BYTES = 2**24
_LARGEST_NUMBER = 2**16


def read_numbers(path: Path, name: str) -> NDArray[np.int64]:
    """The positive whole numbers of the matrix called ``name``, in one row.

    Raises RequestError if the file cannot be read or has no such numbers.
    """
    try:
        with path.open("rb") as file:
            numbers = _matrix(file.read(_MOST_BYTES), name)
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, LookupError, struct.error, zlib.error) as error:
        raise RequestError(f"cannot read {path}, it is damaged or another file: {error}") from error
    if not numbers.size or not ((numbers >= 1) & (numbers <= _LARGEST_NUMBER)).all():
        raise RequestError(f"{path} is damaged: {name} is not of numbers from 1 on")
    return numbers.astype(np.int64)


def _matrix(content: bytes, name: str) -> NDArray[Any]:
    """The numbers of a matrix in a file of version 5 to 7 (MathWorks, MAT-File Format)."""
    if content[126:128] != b"IM":
        raise ValueError("it does not begin as MATLAB's files do")
    for kind, data in _elements(content[128:]):
        if kind == _COMPRESSED:
            ((kind, data),) = _elements(zlib.decompressobj().decompress(data, _MOST_BYTES))
        if kind == _MATRIX:
            _flags, _shape, (_, title), (number, values), *_ = _elements(data)
            if title == name.encode():
                return np.frombuffer(values, f"<{_TYPES[number]}")
    raise ValueError(f"it has no matrix {name!r}")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and content of one data element after the other."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        start = at + 8
        if kind >> 16:  # so small that it lies where else its size is told
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            at += 8
        else:
            at = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("it ends too early")
        yield kind, data[start : start + size]

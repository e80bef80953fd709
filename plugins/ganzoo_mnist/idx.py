"""Read IDX files, the format of MNIST."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError

_MAX_BYTES = 2**30


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read the array in an IDX file, gzipped or not.

    Raises RequestError if the file cannot be read, or is not an array of bytes with this number of
    dimensions.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if packed:
                return _array(cast(BinaryIO, gzip.GzipFile(fileobj=file)), dimensions)
            return _array(file, dimensions)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise RequestError(
            f"cannot read {path}, it is damaged or not an IDX file: {error}"
        ) from error


def _array(file: BinaryIO, dimensions: int) -> NDArray[np.uint8]:
    magic = file.read(4)
    expected = bytes([0, 0, 8, dimensions])  # 8 means unsigned bytes
    if magic != expected:
        raise ValueError(f"it begins with {magic.hex()}, not {expected.hex()}")
    shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
    size = math.prod(shape)
    if not 0 < size <= _MAX_BYTES:
        raise ValueError(f"its header says {' x '.join(map(str, shape))} bytes")
    # One more byte shows whether there are more; the rest is never decompressed.
    content = file.read(size + 1)
    if len(content) != size:
        amount = "more" if len(content) > size else f"{len(content):,}"
        raise ValueError(f"its header says {size:,} bytes, but it has {amount}")
    return np.frombuffer(content, np.uint8).reshape(shape)

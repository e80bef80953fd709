"""Removes text chunks and color profiles from PNG files that are too large for Pillow."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_MAX_TEXT_BYTES = 2**20
"""Decompressed size of all texts together, in bytes; Pillow's limit for one text."""
_MAX_FILE_BYTES = 2**29
"""Size of a file that is copied into memory, in bytes."""


def strip_large_texts(stream: BinaryIO) -> BinaryIO:
    """A copy of a PNG file in memory, without texts and profiles in excess of one mebibyte.

    Small texts stay, because they may contain the image's orientation. Raises ValueError for a file
    larger than 512 MiB.
    """
    if stream.seek(0, io.SEEK_END) > _MAX_FILE_BYTES:
        raise ValueError(
            f"texts of more than 1 MiB in a file of more than {_MAX_FILE_BYTES:,} bytes"
        )
    stream.seek(0)
    copy = io.BytesIO()
    copy.write(stream.read(8))
    remaining = _MAX_TEXT_BYTES
    while len(head := stream.read(8)) == 8:
        body = stream.read(int.from_bytes(head[:4]) + 4)  # includes the 4 bytes of the checksum
        if head[4:] in _TEXTS:
            size = _size(head[4:], body[:-4], remaining)
            if size is None:
                continue
            remaining -= size
        copy.write(head + body)
    copy.seek(0)
    return copy


def _size(kind: bytes, body: bytes, limit: int) -> int | None:
    """The decompressed size of a text or profile; ``None`` above ``limit`` or if damaged."""
    _, _, text = body.partition(b"\0")
    if kind == b"iTXt":
        packed, text = text[:1] == b"\1", text[2:].split(b"\0", 2)[-1]
    else:
        packed, text = kind != b"tEXt", text[kind != b"tEXt" :]
    if packed:
        try:
            text = zlib.decompressobj().decompress(text, limit + 1)
        except zlib.error:
            return None
    return len(text) if len(text) <= limit else None

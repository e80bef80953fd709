"""PNG files without the texts and color profiles for which Pillow refuses to read them."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_MAX_TEXT_BYTES = 2**20
"""Bytes, unpacked: what Pillow allows for one text, and is allowed here for all of them."""
_MAX_FILE_BYTES = 2**29
"""Bytes of a file that is copied to the memory."""


def strip_large_texts(stream: BinaryIO) -> BinaryIO:
    """A copy of a PNG file in memory, which lacks the texts and profiles beyond one mebibyte.

    Small ones stay: they may say how the image is oriented. Raises ValueError for a file larger
    than 512 MiB.
    """
    if stream.seek(0, io.SEEK_END) > _MAX_FILE_BYTES:
        raise ValueError(f"texts beyond 1 MiB in a file of more than {_MAX_FILE_BYTES:,} bytes")
    stream.seek(0)
    copy = io.BytesIO()
    copy.write(stream.read(8))
    remaining = _MAX_TEXT_BYTES
    while len(head := stream.read(8)) == 8:
        body = stream.read(int.from_bytes(head[:4]) + 4)  # a checksum of 4 bytes is at the end
        if head[4:] in _TEXTS:
            size = _size(head[4:], body[:-4], remaining)
            if size is None:
                continue
            remaining -= size
        copy.write(head + body)
    copy.seek(0)
    return copy


def _size(kind: bytes, body: bytes, limit: int) -> int | None:
    """How many bytes a text or profile has, unpacked; ``None`` beyond ``limit``, and if damaged."""
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

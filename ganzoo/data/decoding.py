"""Decoding of image files: complete images, turned upright."""

from __future__ import annotations

import math
import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from ganzoo.data.formats import READABLE, START, Read, format_of
from ganzoo.data.png import strip_large_texts
from ganzoo.errors import UnreadableImage
from ganzoo.size import size

MAX_PIXELS = 256 * 1024**2 // 3
"""The largest allowed image: 256 MiB as RGB, Pillow's limit for decompression bombs."""

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operation that turns an image upright, by its EXIF orientation."""

_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)

DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged images."""


def open_image(file: Path | BinaryIO, name: str | None = None) -> Image.Image:
    """The decoded image in a file or seekable stream, turned upright; of an animation, frame 1.

    The format is recognized by the content, not by the file name: JPEG, PNG, WebP, GIF, BMP, TIFF,
    PPM and TGA; JPEG 2000 and AVIF if Pillow supports them; HEIC if pillow-heif is installed.
    Images may have up to ``MAX_PIXELS``. ``name`` stands for the image in messages. May be called
    from several threads.

    Raises UnreadableImage, with the reason, if the image cannot be read.
    """
    if not isinstance(file, Path):
        return _decode(file, name or str(getattr(file, "name", "in a stream")))
    name = name or str(file)
    try:
        # Opening a named pipe would block.
        if not stat.S_ISREG(file.stat().st_mode):
            raise UnreadableImage(
                name, "it is a folder" if file.is_dir() else "it is not a regular file"
            )
        with file.open("rb") as stream:
            return _decode(stream, name)
    except OSError as error:
        raise UnreadableImage(name, error.strerror or str(error)) from error


def _decode(stream: BinaryIO, name: str) -> Image.Image:
    read = _reader_for(stream, name)
    stream.seek(0)
    try:
        try:
            return _load(read, stream)
        except ValueError as error:
            if "MAX_TEXT" not in str(error):
                raise
            # Pillow refuses large text chunks, which are not needed here.
            return _load(read, strip_large_texts(stream))
    except _TOO_LARGE as error:
        raise UnreadableImage(
            name, f"it is too large: {str(error) or 'not enough memory'}"
        ) from error
    except DECODING_ERRORS as error:
        raise UnreadableImage(name, f"it is damaged ({' '.join(str(error).split())})") from error


def _reader_for(stream: BinaryIO, name: str) -> Read:
    stream.seek(0)
    start = stream.read(START)
    found = format_of(start)
    if found is None:
        *most, last = (known.name for known in READABLE)
        reason = f"it is not a {', '.join(most)} or {last} file" if start else "it is empty"
        raise UnreadableImage(name, reason)
    if found.remedy:
        raise UnreadableImage(name, f"it is a {found.name} file: {found.remedy}")
    return found.read


def _load(read: Read, stream: BinaryIO) -> Image.Image:
    # Image.open warns of large images, and warnings cannot be silenced in one thread alone.
    image = read(stream)
    if math.prod(image.size) > MAX_PIXELS:
        pixels = size(*image.size)
        raise Image.DecompressionBombError(f"{pixels} pixels; the limit is {MAX_PIXELS:,} in total")
    image.load()
    return _upright(image)


def _upright(image: ImageFile.ImageFile) -> Image.Image:
    """A copy, independent of the file, turned by its EXIF orientation.

    ``ImageOps.exif_transpose`` also rewrites the tags, and fails if one of them is damaged.
    """
    try:
        transpose = _TRANSPOSES.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DECODING_ERRORS:
        transpose = None
    return image.copy() if transpose is None else image.transpose(transpose)

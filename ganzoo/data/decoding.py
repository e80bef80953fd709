"""Image files in, upright and complete images out."""

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
"""What an image may hold: 256 MiB as RGB, where Pillow begins to suspect a decompression bomb."""

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its EXIF orientation."""

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
"""What Pillow raises on damaged images."""


def open_image(file: Path | BinaryIO, name: str | None = None) -> Image.Image:
    """The image in a file or seekable stream: decoded, upright, the first one of an animation.

    What the file is called does not matter; JPEG, PNG, WebP, GIF, BMP, TIFF, PPM and TGA are read,
    JPEG 2000 and AVIF where Pillow is built with them, and HEIC where pillow-heif is installed, up
    to ``MAX_PIXELS``. ``name`` is what messages call it. May be called from several threads.

    Raises UnreadableImage, with the reason, for everything else.
    """
    if not isinstance(file, Path):
        return _decode(file, name or str(getattr(file, "name", "of a stream")))
    name = name or str(file)
    try:
        # Opening a named pipe would wait for ever.
        if not stat.S_ISREG(file.stat().st_mode):
            raise UnreadableImage(name, "it is a folder" if file.is_dir() else "it is no file")
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
            if "MAX_TEXT" not in str(error):  # Pillow's limits for texts, which nobody needs here
                raise
            return _load(read, strip_large_texts(stream))
    except _TOO_LARGE as error:
        raise UnreadableImage(name, f"it is too large: {str(error) or 'no memory'}") from error
    except DECODING_ERRORS as error:
        raise UnreadableImage(name, f"it is damaged ({' '.join(str(error).split())})") from error


def _reader_for(stream: BinaryIO, name: str) -> Read:
    stream.seek(0)
    start = stream.read(START)
    found = format_of(start)
    if found is None:
        *most, last = (known.name for known in READABLE)
        reason = f"it is no {', '.join(most)} or {last} file" if start else "it is empty"
        raise UnreadableImage(name, reason)
    if found.remedy:
        raise UnreadableImage(name, f"it is a {found.name} file: {found.remedy}")
    return found.read


def _load(read: Read, stream: BinaryIO) -> Image.Image:
    # Image.open would warn of large images, and one thread cannot silence its warnings.
    image = read(stream)
    if math.prod(image.size) > MAX_PIXELS:
        pixels = size(*image.size)
        raise Image.DecompressionBombError(f"{pixels} pixels, {MAX_PIXELS:,} are allowed")
    image.load()
    return _upright(image)


def _upright(image: ImageFile.ImageFile) -> Image.Image:
    """A copy, independent of the file, turned as its EXIF orientation says.

    ``ImageOps.exif_transpose`` also rewrites the tags, and fails where any of them is damaged.
    """
    try:
        transpose = _TRANSPOSES.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DECODING_ERRORS:
        transpose = None
    return image.copy() if transpose is None else image.transpose(transpose)

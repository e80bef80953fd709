"""The formats of image files: their first bytes, their suffixes, and what reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

from ganzoo.extras import install_command

Read = Callable[[BinaryIO], ImageFile.ImageFile]

START = 64
"""The number of bytes at the start of a file that identify its format."""

_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


@dataclass(frozen=True)
class Format:
    """A format of image files."""

    name: str
    suffixes: tuple[str, ...]
    """The suffixes of its files, in lower case."""
    matches: Callable[[bytes], bool]
    """Whether a file with these first ``START`` bytes has this format."""
    read: Read
    remedy: str = ""
    """How to make it readable; empty if it is readable."""


def format_of(start: bytes) -> Format | None:
    """The format of a file with these first bytes, readable or not; ``None`` if it is unknown."""
    return next((known for known in FORMATS if known.matches(start)), None)


def image_suffix(path: Path) -> str:
    """The usual suffix of an image file, by its first bytes: ``.jpg``; empty if it is unknown."""
    with path.open("rb") as file:
        found = format_of(file.read(START))
    return found.suffixes[0] if found else ""


def _starts_with(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(starts)


def _brands(start: bytes) -> set[bytes]:
    """The compatible brands in the first box of an ISO media file."""
    if start[4:8] != b"ftyp":
        return set()
    box = start[: int.from_bytes(start[:4])]
    return {box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))}


def _is_avif(start: bytes) -> bool:
    return bool(_brands(start) & _AVIF)


def _is_heic(start: bytes) -> bool:
    return bool(_brands(start) & _HEIC) and not _is_avif(start)


def _is_webp(start: bytes) -> bool:
    return start.startswith(b"RIFF") and start[8:12] in (b"WEBP", b"")


def _is_tga(start: bytes) -> bool:
    """Whether all fields of a TGA header are valid: the format has no magic number."""
    if len(start) < 18:
        return False
    mapped, kind, depth = start[1], start[2] & ~8, start[16]
    sized = any(start[12:14]) and any(start[14:16])
    depths = {1: (8,), 2: (16, 24, 32), 3: (8, 16)}.get(kind, ())
    return mapped == (kind == 1) and not start[2] & 0xF0 and sized and depth in depths


def _read_jpeg2000(stream: BinaryIO) -> ImageFile.ImageFile:
    """Open a JPEG 2000 file; refuse a truncated one, which its library would fill with black."""
    start, end = 0, stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if stream.read(4) == b"\0\0\0\x0c":
        start, end = _codestream(stream, end)
    stream.seek(max(start, end - 2))
    if stream.read(2) != b"\xff\xd9":
        raise OSError("image file is truncated")
    stream.seek(0)
    return Jpeg2KImagePlugin.Jpeg2KImageFile(stream)


def _codestream(stream: BinaryIO, size: int) -> tuple[int, int]:
    """Start and end of the codestream among the boxes of a JPEG 2000 file."""
    at = 0
    while at < size:
        stream.seek(at)
        head = stream.read(16).ljust(16, b"\0")
        length = int.from_bytes(head[:4])
        if length == 1:  # a 64-bit length follows
            length = int.from_bytes(head[8:])
        end = at + length if length else size
        if head[4:8] == b"jp2c" and end <= size:
            return at, end
        at = max(end, at + 8)
    raise OSError("image file is truncated")


def _read_heic(stream: BinaryIO) -> ImageFile.ImageFile:
    read: Read = import_module("pillow_heif.as_plugin").HeifImageFile
    return read(stream)


def _missing_feature(feature: str, name: str) -> str:
    if features.check(feature):
        return ""
    return f"install a version of Pillow with support for {name} to read them"


_MISSING_HEIF = (
    "" if find_spec("pillow_heif") else f"{install_command('ganzoo-toolkit[heic]')} to read them"
)

FORMATS = (
    Format(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),  # .mpo: from stereo cameras
        _starts_with(b"\xff\xd8\xff"),
        JpegImagePlugin.jpeg_factory,
    ),
    Format("PNG", (".png",), _starts_with(b"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile),
    Format("WebP", (".webp",), _is_webp, WebPImagePlugin.WebPImageFile),
    Format("GIF", (".gif",), _starts_with(b"GIF8"), GifImagePlugin.GifImageFile),
    Format("BMP", (".bmp", ".dib"), _starts_with(b"BM"), BmpImagePlugin.BmpImageFile),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        _starts_with(b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+"),
        TiffImagePlugin.TiffImageFile,
    ),
    Format(
        "PPM",
        (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
        _starts_with(*(b"P" + kind for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"f"))),
        PpmImagePlugin.PpmImageFile,
    ),
    Format(
        "JPEG 2000",
        (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
        _starts_with(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        _read_jpeg2000,
        _missing_feature("jpg_2000", "JPEG 2000"),
    ),
    Format(
        "AVIF",
        (".avif", ".avifs"),
        _is_avif,
        AvifImagePlugin.AvifImageFile,
        _missing_feature("avif", "AVIF"),
    ),
    Format("HEIC", (".heic", ".heif", ".hif"), _is_heic, _read_heic, _MISSING_HEIF),
    Format("TGA", (".tga",), _is_tga, TgaImagePlugin.TgaImageFile),
)
"""All known formats, readable or not; the first that matches a file is its format."""

READABLE = tuple(known for known in FORMATS if not known.remedy)
"""The formats that can be read with the installed libraries."""

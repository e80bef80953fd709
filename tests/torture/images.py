"""Kinds of inputs that are image files, read as the dataset image-folder reads them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.torture.input_kind import InputKind, file_contents
from tests.torture.reading import check_dataset, open_dataset


def pixels(*more: int) -> NDArray[np.uint8]:
    """Six images of noise, uint8 (6, 12, 10, *more)."""
    return np.random.default_rng(0).integers(0, 256, (6, 12, 10, *more), np.uint8)


def encoded(modes: str, kind: str, **how: Any) -> list[Callable[[Path], None]]:
    """Functions that write an image, one for each of these modes."""
    image = Image.fromarray(pixels(3)[0]).resize((40, 30))

    def write(mode: str, path: Path) -> None:
        image.convert(mode).save(path, kind, **how)

    return [partial(write, mode) for mode in modes.split()]


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a flower"
    return exif


def _wide(path: Path) -> None:
    """An image of 16 bits, for PNG and TIFF."""
    Image.fromarray(pixels()[0].astype(np.uint16) * 257).save(path)


def _animated(path: Path) -> None:
    first, *others = (Image.fromarray(each) for each in pixels(3))
    first.save(path, save_all=True, append_images=others)


def _read_image(folder: Path, content: bytes) -> None:
    (folder / "a.png").write_bytes(content)
    check_dataset(open_dataset("image-folder", folder))


def _with_checksums(png: bytes) -> bytes:
    """A PNG with correct checksums of all chunks that can be parsed."""
    content, at = bytearray(png), 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + size
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(content[: max(len(png), 0)])


def _images(name: str, suffix: str, *writings: Callable[[Path], None], **more: Any) -> InputKind:
    return InputKind(name, partial(file_contents, suffix, *writings), _read_image, **more)


_PNG = (
    *encoded("1 L LA P RGB RGBA", "PNG", exif=_exif(), dpi=(72, 72)),
    *encoded("P", "PNG", transparency=3),
    *(_wide, _animated),
)
_TIFF = [
    writing
    for packing in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg")
    for writing in encoded("L RGB CMYK", "TIFF", compression=packing)
]
KINDS = (
    _images("PNG", ".png", *_PNG),
    _images("PNG with checksums", ".png", *_PNG, fix_checksums=_with_checksums),
    _images(
        "JPEG",
        ".jpg",
        *encoded("L RGB CMYK", "JPEG", exif=_exif()),
        *encoded("RGB", "JPEG", progressive=True, icc_profile=bytes(200)),
    ),
    _images(
        "WebP",
        ".webp",
        *encoded("RGB RGBA", "WEBP", exif=_exif()),
        *encoded("RGB RGBA", "WEBP", lossless=True),
        _animated,
    ),
    _images("BMP", ".bmp", *encoded("1 L P RGB RGBA", "BMP")),
    _images("GIF", ".gif", *encoded("1 L P RGB", "GIF", transparency=2), _animated),
    _images("TIFF", ".tif", *_TIFF, *encoded("1 P RGBA LAB I F", "TIFF"), _wide, _animated),
    _images("PPM", ".ppm", *encoded("1 L RGB I", "PPM")),
)
"""All kinds of image files."""

"""Images as data URLs in the page, up to a number of bytes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from ganzoo.output.animation import on_white

MAX_SIDE = 1200
"""Maximum length of an image's longer side, in pixels."""
_LOSSLESS_PIXELS = 400_000
"""Images of at most this many pixels are compressed without loss."""
_MAX_GRIDS = 60
"""Maximum number of sample grids if they are recompressed."""


class EmbeddedImage(NamedTuple):
    """An image as a data URL, with its size in pixels."""

    source: str
    width: int
    height: int


@dataclass(frozen=True)
class SampleGrids:
    """Sample grids, ascending by step, and a sentence on which ones are shown and how."""

    images: list[tuple[int, EmbeddedImage]]
    """Each with its step."""
    note: str


class EmbeddedImages:
    """Embeds images until ``bytes_left`` bytes of the page are used."""

    def __init__(self, bytes_left: int) -> None:
        self.bytes_left = bytes_left

    def add(self, image: Image.Image) -> EmbeddedImage:
        """Embed an image as WebP; a large one is shrunk and compressed with loss."""
        return self._embed(_webp(image), image.size)

    def add_file(self, content: bytes, size: tuple[int, int]) -> EmbeddedImage | None:
        """Embed a WebP file of this (width, height); ``None`` if there is not enough space."""
        return (
            None if _base64_length(len(content)) > self.bytes_left else self._embed(content, size)
        )

    def add_grids(self, grids: Mapping[int, Path]) -> SampleGrids:
        """Embed files of sample grids by step: unchanged if they fit, else fewer, recompressed.

        Damaged files are skipped.
        """
        if sum(map(_file_length, grids.values())) <= self.bytes_left:
            files = [(step, file) for step, path in grids.items() if (file := _unchanged(path))]
            note = f"All {len(files)} sample grids of the run folder, unchanged."
        else:
            chosen = list(grids.items())[:: -max(1, -(-len(grids) // _MAX_GRIDS))][::-1]
            files = [(step, file) for step, path in chosen if (file := _recompressed(path))]
            while len(files) > 1 and self.bytes_left < sum(
                _base64_length(len(file.content)) for _, file in files
            ):
                files = files[::-2][::-1]
            note = f"{len(files)} of {len(grids)} sample grids, compressed to limit the file size."
        return SampleGrids([(step, self._embed(*file)) for step, file in files], note)

    def _embed(self, content: bytes, size: tuple[int, int]) -> EmbeddedImage:
        kind = "png" if content.startswith(b"\x89PNG") else "webp"
        source = f"data:image/{kind};base64,{b64encode(content).decode()}"
        self.bytes_left -= len(source)
        return EmbeddedImage(source, *size)


def open_image(path: Path) -> Image.Image | None:
    """The image in a file as RGB; ``None`` if it is missing or damaged."""
    with suppress(OSError, ValueError, SyntaxError), Image.open(path) as image:
        return on_white(image)
    return None


class _File(NamedTuple):
    content: bytes
    size: tuple[int, int]


def _file_length(path: Path) -> int:
    return _base64_length(path.stat().st_size) if path.exists() else 0


def _base64_length(length: int) -> int:
    return -(-length // 3) * 4 + 40  # with the prefix of the data URL


def _unchanged(path: Path) -> _File | None:
    image = open_image(path)
    return _File(path.read_bytes(), image.size) if image else None


def _recompressed(path: Path) -> _File | None:
    image = open_image(path)
    return _File(_webp(image, exact=False), image.size) if image else None


def _webp(image: Image.Image, *, exact: bool = True) -> bytes:
    resized = image.copy()
    resized.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    buffer = BytesIO()
    lossless = exact and resized.width * resized.height <= _LOSSLESS_PIXELS
    resized.save(buffer, format="WEBP", lossless=lossless, quality=80)
    return buffer.getvalue()

"""Images inside the page, as many as there is room for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from ganzoo.output.animation import on_white

LARGEST = 1200
"""Pixels of an image's longer side."""
_EXACT = 400_000
"""Pixels of an image that is kept exactly as it is."""
_MOST = 60
"""Sheets under a slider, if they have to be recompressed."""


class Embedded(NamedTuple):
    """An image as the page has it."""

    source: str
    width: int
    height: int


@dataclass(frozen=True)
class SampleGrids:
    """Sheets of samples, ascending, and a sentence on what was done to them."""

    images: list[tuple[Path, Embedded]]
    note: str


class EmbeddedImages:
    """What takes images in until its room, in bytes of the page, is used up."""

    def __init__(self, room: int) -> None:
        self.room = room

    def image(self, image: Image.Image) -> Embedded:
        """An image, shrunk and compressed if it is large."""
        return self._embedded(_webp(image), image.size)

    def file(self, content: bytes, size: tuple[int, int]) -> Embedded | None:
        """A WebP file of that width and height; ``None`` if there is no room for it."""
        return None if _in_base64(len(content)) > self.room else self._embedded(content, size)

    def sheets(self, paths: Sequence[Path]) -> SampleGrids:
        """Sheets of samples; those that are damaged are left out, and others for want of room."""
        if sum(map(_length, paths)) <= self.room:
            taken = [(path, file) for path in paths if (file := _as_it_is(path))]
            note = f"All {len(taken)} sheets, as they are in the run folder."
        else:
            chosen = paths[:: -max(1, -(-len(paths) // _MOST))][::-1]
            taken = [(path, file) for path in chosen if (file := _recompressed(path))]
            while len(taken) > 1 and sum(_in_base64(len(f.content)) for _, f in taken) > self.room:
                taken = taken[::-2][::-1]
            note = f"{len(taken)} of {len(paths)} sheets, compressed to keep this page small."
        return SampleGrids([(path, self._embedded(*file)) for path, file in taken], note)

    def _embedded(self, content: bytes, size: tuple[int, int]) -> Embedded:
        kind = "png" if content.startswith(b"\x89PNG") else "webp"
        source = f"data:image/{kind};base64,{b64encode(content).decode()}"
        self.room -= len(source)
        return Embedded(source, *size)


def opened(path: Path) -> Image.Image | None:
    """The image in a file, RGB, if it is whole."""
    with suppress(OSError, ValueError, SyntaxError), Image.open(path) as image:
        return on_white(image)
    return None


class _File(NamedTuple):
    content: bytes
    size: tuple[int, int]


def _length(path: Path) -> int:
    return _in_base64(path.stat().st_size) if path.exists() else 0


def _in_base64(length: int) -> int:
    return -(-length // 3) * 4 + 40  # and the words before it


def _as_it_is(path: Path) -> _File | None:
    image = opened(path)
    return _File(path.read_bytes(), image.size) if image else None


def _recompressed(path: Path) -> _File | None:
    image = opened(path)
    return _File(_webp(image, exact=False), image.size) if image else None


def _webp(image: Image.Image, *, exact: bool = True) -> bytes:
    shown = image.copy()
    shown.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    buffer = BytesIO()
    lossless = exact and shown.width * shown.height <= _EXACT
    shown.save(buffer, format="WEBP", lossless=lossless, quality=80)
    return buffer.getvalue()

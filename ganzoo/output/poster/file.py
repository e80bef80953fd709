"""The file of a poster: an image or a PDF page that knows its printed size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo import overwriting
from ganzoo.errors import RequestError
from ganzoo.folders import ending, replacing
from ganzoo.output.poster.paper import Paper

FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".pdf": ("PDF", {"quality": 95, "creationDate": None, "modDate": None}),
}
"""Pillow's format of each file extension, and its options."""
_MAX_PIXELS = 150_000_000


def check_free(path: Path, paper: Paper, *, force: bool = False) -> None:
    """Check that a poster can be written here.

    Raises RequestError for another file extension, for a page of more than 150 million pixels, or
    if ``overwriting.check_free`` does.
    """
    if ending(path) not in FORMATS:
        raise RequestError(f"{path}: the name of a poster ends in {', '.join(FORMATS)}")
    width, height = paper.pixels
    if width * height > _MAX_PIXELS:
        raise RequestError(
            f"{paper.name} with {paper.dpi} pixels per inch has {width:,} x {height:,} pixels, "
            f"more than {_MAX_PIXELS / 1e6:.0f} million: choose a smaller --dpi"
        )
    overwriting.check_free(path, force=force)


def save(image: Image.Image, path: Path, dpi: int) -> None:
    """Write a poster; if writing fails, no partial file is left.

    The file says how many pixels are on an inch, so that it is printed in the size of the paper.
    """
    file_format, options = FORMATS[ending(path)]
    resolution: dict[str, Any] = {"dpi": (dpi, dpi)}
    if file_format == "PDF":
        resolution = {"resolution": dpi, "title": path.stem}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        image.save(part, format=file_format, **options, **resolution)

"""The one conversion between training's [-1, 1] and uint8, and grids of images.

Samples, metrics and output all pass through here, so they all see the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features
from torch import Tensor

from ganzoo.folders import replacing


def from_uint8(images: Tensor) -> Tensor:
    """Images of 0..255 as float32 in [-1, 1]; shape and memory format stay."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """Images of [-1, 1] as uint8, rounded to the nearest and clipped: inverse of from_uint8."""
    return images.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def enlarged(images: Tensor, factor: int) -> Tensor:
    """Images (N, C, H, W) with each pixel repeated ``factor`` times across and down."""
    return images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def grid(images: Tensor, columns: int | None = None, gap: int = 2) -> NDArray[np.uint8]:
    """Many images in one, row by row: uint8 (N, C, H, W) gives uint8 (height, width, C).

    ``columns`` is chosen to make the grid about square; ``gap`` is in pixels.
    """
    n, channels, height, width = images.shape
    columns = columns or max(1, round((n * height / width) ** 0.5))
    rows = -(-n // columns)
    sheet = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8
    )
    for i, image in enumerate(images.permute(0, 2, 3, 1).cpu().numpy()):
        y, x = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = image
    return sheet


def class_grid(
    images: Tensor, class_names: Sequence[str], columns: int, gap: int = 2
) -> NDArray[np.uint8]:
    """Images of every class in rows of their own, beside the name of the class.

    uint8 (classes, N, C, H, W) gives uint8 (height, width, C). Names are in a margin on the left.
    """
    height = images.shape[3]
    font = _font(min(24, max(10, height // 4)))
    names = [_shortened(name) for name in class_names]
    boxes = [font.getbbox(name) for name in names]
    width = gap + max(round(box[2]) for box in boxes)
    rows = []
    for name, box, of_class in zip(names, boxes, images, strict=True):
        row = grid(of_class, columns, gap)
        missing = max(0, round(box[3]) - len(row))
        row = np.pad(row, ((0, missing), (0, 0), (0, 0)), constant_values=255)
        margin = Image.new("L", (width, len(row)), 255)
        y = max(0, gap + (height - round(box[1] + box[3])) // 2)
        ImageDraw.Draw(margin).text((gap, y), name, fill=0, font=font)
        rows.append(np.concatenate([_in_channels(margin, row.shape[2]), row], axis=1))
    return np.concatenate(rows)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which has a size only where Pillow is built with FreeType."""
    return ImageFont.load_default(size if features.check("freetype2") else None)


def _shortened(name: str, most: int = 24) -> str:
    """A name in one line."""
    name = " ".join(name.split())
    return name if len(name) <= most else f"{name[: most - 3]}..."


def _in_channels(gray: Image.Image, channels: int) -> NDArray[np.uint8]:
    """A gray image as (H, W, channels), opaque where the last channel is transparency."""
    pixels = np.repeat(np.asarray(gray)[..., None], channels, axis=2)
    if channels in (2, 4):
        pixels[..., -1] = 255
    return pixels


def to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """A uint8 array (H, W, C) as a PIL image: gray, gray with alpha, RGB or RGBA.

    Of more than four channels the first three are shown.
    """
    channels = pixels.shape[-1]
    if channels > 4:
        pixels = pixels[..., :3]
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF"}
"""What images are written as, by the ending of their name."""


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a uint8 array (H, W, C) as an image file, in the format of its ending, all or nothing.

    JPEG has no transparency: there, what is transparent is lost.
    """
    image = to_image(pixels)
    kind = FORMATS[path.suffix.lower()]
    if kind == "JPEG" and image.mode in ("LA", "RGBA"):
        image = image.convert(image.mode.rstrip("A"))
    with replacing(path) as part:
        image.save(part, format=kind)

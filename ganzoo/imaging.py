"""Conversion of images between float32 in [-1, 1] and uint8, grids, and image files.

Samples, metrics and output all use this conversion, so they all get the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features
from torch import Tensor

from ganzoo.folders import replacing

GAP = 2
"""Pixels between the images of a grid, and around it."""


def from_uint8(images: Tensor) -> Tensor:
    """uint8 images as float32 in [-1, 1]; shape and memory format do not change."""
    return images.to(torch.float32).div_(127.5).sub_(1.0)


def to_uint8(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8, rounded and clipped; the inverse of ``from_uint8``."""
    return images.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def enlarged(images: Tensor, factor: int) -> Tensor:
    """Images (N, C, H, W), enlarged by repeating each pixel ``factor`` times in both directions."""
    return images.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def enlarged_to(images: Tensor, side: int) -> Tensor:
    """Images (N, C, H, W), as ``enlarged`` until the shorter side has at least ``side`` pixels."""
    return enlarged(images, -(-side // min(images.shape[2:])))


def grid(images: Tensor, columns: int | None = None, gap: int = GAP) -> NDArray[np.uint8]:
    """A grid of images, row by row: uint8 (N, C, H, W) to uint8 (height, width, C).

    Without ``columns``, the grid is about square. ``gap`` is in pixels and white.
    """
    n, channels, height, width = images.shape
    columns = columns or square_columns(n, height, width)
    rows = -(-n // columns)
    pixels = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8
    )
    for i, image in enumerate(images.permute(0, 2, 3, 1).cpu().numpy()):
        y, x = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        pixels[y : y + height, x : x + width] = image
    return pixels


def square_columns(n: int, height: int, width: int) -> int:
    """The columns with which a grid of ``n`` images of this size is about square."""
    return max(1, round(math.sqrt(n * height / width)))


def class_grid(
    images: Tensor,
    class_names: Sequence[str],
    columns: int,
    column_names: Sequence[str] = (),
) -> NDArray[np.uint8]:
    """A grid whose rows are classes, with the name of each class in a margin on the left.

    uint8 (classes, N, C, H, W) to uint8 (height, width, C). ``column_names`` are above the columns.
    """
    height = images.shape[3]
    chosen = font(min(24, max(10, height // 4)))
    names = [_shortened(name) for name in class_names]
    boxes = [chosen.getbbox(name) for name in names]
    width = GAP + max(round(box[2]) for box in boxes)
    rows = []
    for name, box, of_class in zip(names, boxes, images, strict=True):
        row = grid(of_class, columns)
        missing = max(0, round(box[3]) - len(row))
        row = np.pad(row, ((0, missing), (0, 0), (0, 0)), constant_values=255)
        margin = Image.new("L", (width, len(row)), 255)
        y = max(0, GAP + (height - round(box[1] + box[3])) // 2)
        ImageDraw.Draw(margin).text((GAP, y), name, fill=0, font=chosen)
        rows.append(np.concatenate([_in_channels(margin, row.shape[2]), row], axis=1))
    if column_names:
        heading = Image.new("L", (rows[0].shape[1], GAP + round(chosen.getbbox("0")[3])), 255)
        for number, name in enumerate(column_names):
            center = width + GAP + number * (images.shape[4] + GAP) + images.shape[4] // 2
            left = center - round(chosen.getlength(name) / 2)
            ImageDraw.Draw(heading).text((left, GAP // 2), name, fill=0, font=chosen)
        rows.insert(0, _in_channels(heading, rows[0].shape[2]))
    return np.concatenate(rows)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's default font; its size can be chosen only if Pillow is built with FreeType."""
    return ImageFont.load_default(size if features.check("freetype2") else None)


def _shortened(name: str) -> str:
    """A name in one line of at most 24 characters."""
    name = " ".join(name.split())
    return name if len(name) <= 24 else f"{name[:21]}..."


def _in_channels(gray: Image.Image, channels: int) -> NDArray[np.uint8]:
    """A gray image as (H, W, channels), with an opaque alpha channel if there is one."""
    pixels = np.repeat(np.asarray(gray)[..., None], channels, axis=2)
    if channels in (2, 4):
        pixels[..., -1] = 255
    return pixels


def to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """A uint8 array (H, W, C) as a PIL image: gray, gray with alpha, RGB or RGBA.

    If there are more than four channels, the first three are used.
    """
    channels = pixels.shape[-1]
    if channels > 4:
        pixels = pixels[..., :3]
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF"}
"""Pillow's image format for each file extension."""


def save_image(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a uint8 array (H, W, C) as an image file, in the format of the file extension.

    If writing fails, no partial file is left. JPEG has no transparency: the alpha channel is lost.
    """
    image = to_image(pixels)
    file_format = FORMATS[path.suffix.lower()]
    if file_format == "JPEG" and image.mode in ("LA", "RGBA"):
        image = image.convert(image.mode.rstrip("A"))
    with replacing(path) as part:
        image.save(part, format=file_format)

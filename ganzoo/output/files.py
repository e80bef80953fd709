"""Write generated images to files: one grid, or one file per image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ganzoo import imaging, overwriting
from ganzoo.errors import RequestError
from ganzoo.folders import ending

_MIN_SIDE = 128
"""Minimum length of an image's shorter side in ``save_side_by_side``, in pixels."""
_GAP = 4
"""Pixels between images in ``save_side_by_side``; the gap after the first column is double."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Check that an image file can be written here.

    Raises RequestError if the name has no known image format, or if
    ``overwriting.check_free`` does.
    """
    if not ending(path):
        raise RequestError(f"{path}: name one image file, such as {path}.png")
    if ending(path) not in imaging.FORMATS:
        raise RequestError(
            f"{path}: images are written as {', '.join(imaging.FORMATS)}; the name of a folder "
            "ends in a slash"
        )
    overwriting.check_free(path, force=force)


def save_grid(images: Tensor, path: Path) -> None:
    """Write images, uint8 (N, C, H, W), as one grid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save_image(imaging.grid(images), path)


def save_class_grid(images: Tensor, class_names: Sequence[str], path: Path) -> None:
    """Write images, uint8 (classes, N, C, H, W), as one grid: a row per class, with its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save_image(imaging.class_grid(images, class_names, columns=images.shape[1]), path)


def save_side_by_side(images: Tensor, others: Tensor, path: Path) -> None:
    """Write one row per image: the image (N, C, H, W), a gap, its other images (N, K, C, H, W).

    All are uint8. Each pixel is repeated until an image's shorter side has at least 128 pixels.
    """
    parts = (images, 1), (others.flatten(0, 1), others.shape[1])
    grids = [
        imaging.grid(imaging.enlarged_to(part, _MIN_SIDE), columns, _GAP) for part, columns in parts
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save_image(np.concatenate(grids, axis=1), path)


def save_images(images: Tensor, folder: Path, name: str) -> None:
    """Write each of these images, uint8 (N, C, H, W), to a file: ``NAME-00000.png`` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        imaging.save_image(image, folder / f"{name}-{number:05}.png")

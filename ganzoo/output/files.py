"""Generated images as files: one grid, or one file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ganzoo import folders, imaging
from ganzoo.errors import RequestError
from ganzoo.folders import ending

_LEGIBLE = 128
"""Pixels of the shorter side, in sheets to be looked at."""
_GAP = 4
"""Pixels between their images; twice as many after the first of a row."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse what is no image file, and what ``folders.check_free`` refuses.

    Raises RequestError.
    """
    if not ending(path):
        raise RequestError(f"{path}: name one image file, such as {path}.png")
    if ending(path) not in imaging.FORMATS:
        raise RequestError(
            f"{path}: images are written as {', '.join(imaging.FORMATS)}; the name of a folder "
            "ends in a slash"
        )
    folders.check_free(path, force=force)


def save_grid(made: Tensor, path: Path, columns: int | None = None) -> None:
    """Write images, uint8 (N, C, H, W), as one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save(imaging.grid(made, columns), path)


def save_each_class(made: Tensor, class_names: Sequence[str], path: Path) -> None:
    """Write images, uint8 (classes, N, C, H, W), as one: a row for each class, with its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save(imaging.class_grid(made, class_names, columns=made.shape[1]), path)


def save_beside(shown: Tensor, others: Tensor, path: Path) -> None:
    """Write a row for each image (N, C, H, W): itself, a gap, and its others (N, K, C, H, W).

    All are uint8. Each pixel is repeated until an image's shorter side has at least 128.
    """
    factor = -(-_LEGIBLE // min(shown.shape[2:]))
    columns = (shown, 1), (others.flatten(0, 1), others.shape[1])
    sheets = [imaging.grid(imaging.enlarged(made, factor), k, _GAP) for made, k in columns]
    path.parent.mkdir(parents=True, exist_ok=True)
    imaging.save(np.concatenate(sheets, axis=1), path)


def save_singly(made: Tensor, folder: Path, seed: int) -> None:
    """Write images, uint8 (N, C, H, W), as ``seed0-00000.png`` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(made.permute(0, 2, 3, 1).numpy()):
        imaging.save(image, folder / f"seed{seed}-{number:05}.png")

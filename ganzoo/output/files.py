"""Generated pictures as files: one grid, or one file each."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ganzoo import pictures
from ganzoo.errors import RequestError
from ganzoo.folders import require_folder


def check_free(path: Path) -> None:
    """Refuse a path where something would be overwritten, or a format that cannot be written.

    Raises RequestError.
    """
    if path.suffix and path.suffix.lower() not in pictures.FORMATS:
        raise RequestError(f"{path}: pictures are written as {', '.join(pictures.FORMATS)}")
    if path.exists() and (path.suffix or not path.is_dir() or any(path.iterdir())):
        raise RequestError(f"{path} exists already: name another with --out")
    require_folder(path.parent)


def save_grid(made: Tensor, path: Path) -> None:
    """Write pictures, uint8 (N, C, H, W), as one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures.save(pictures.grid(made), path)


def save_singly(made: Tensor, folder: Path, seed: int) -> None:
    """Write pictures, uint8 (N, C, H, W), as ``seed0-00000.png`` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(made.permute(0, 2, 3, 1).numpy()):
        pictures.save(picture, folder / f"seed{seed}-{number:05}.png")

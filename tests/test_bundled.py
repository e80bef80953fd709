"""Every component that is installed keeps its promises, the moment it is added."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.registry import Entry, Registry
from ganzoo.testing import check

ENTRIES = Registry.discover().entries()


def idx(values: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes())


def folder_of_pictures(path: Path) -> dict[str, object]:
    for number in range(6):
        (path / f"class{number % 2}").mkdir(exist_ok=True)
        image = Image.new("RGB", (20, 30), (number * 40, 90, 10))
        image.save(path / f"class{number % 2}" / f"{number}.png")
    return {"path": path}


def digits(path: Path) -> dict[str, object]:
    pictures = np.arange(5 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(5, 28, 28)
    (path / "t10k-images-idx3-ubyte.gz").write_bytes(idx(pictures))
    (path / "t10k-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(5, dtype=np.uint8)))
    return {"path": path, "split": "test"}


def flowers(path: Path) -> dict[str, object]:
    from scipy.io import savemat

    (path / "jpg").mkdir()
    for number in range(1, 5):
        Image.new("RGB", (20, 30), (number * 40, 90, 10)).save(
            path / "jpg" / f"image_{number:05}.jpg"
        )
    savemat(path / "imagelabels.mat", {"labels": np.array([[1, 2, 2, 3]])})
    splits = {"trnid": [[1]], "valid": [[2]], "tstid": [[3, 4]]}
    savemat(path / "setid.mat", {name: np.array(ids) for name, ids in splits.items()})
    return {"path": path}


NEEDED: dict[str, Callable[[Path], dict[str, object]]] = {
    "blossoms": lambda path: {"count": 10, "size": 16},
    "flowers": flowers,
    "image-folder": folder_of_pictures,
    "mnist": digits,
    "progressive": lambda path: {"channels": 8, "latents": 8},
}
"""Options for the datasets that read files, and for what would be slow."""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.qualified_name)
def test_it_keeps_its_promises(entry: Entry, tmp_path: Path) -> None:
    name = entry.component.name
    check(entry.component, **(NEEDED[name](tmp_path) if name in NEEDED else {}))

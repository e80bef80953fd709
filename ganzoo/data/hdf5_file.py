"""Writes prepared images to an HDF5 file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.pack import Pack, Progress
from ganzoo.extras import require_package

VERSION = 1
"""The version of the layout of the HDF5 file."""


def require_h5py() -> Any:
    """The package that writes HDF5 files; raises RequestError if it is not installed."""
    return require_package("h5py", "an HDF5 file", "ganzoo-toolkit[hdf5]")


class _ErrorKeepingFile(io.FileIO):
    """A file that stores its first error instead of raising it: HDF5 crashes on a full disk."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        left = memoryview(data)
        try:
            while left and not self.error:
                left = left[super().write(left) :]
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
        return size or 0

    def check(self) -> None:
        """Raise the stored error, if there is one."""
        if self.error:
            raise self.error


def write_hdf5(pack: Pack, path: Path, progress: Progress) -> None:
    """Write the datasets ``images`` (N, H, W, C), those of ``Pack.values``, and the texts.

    The attributes ``layout`` and ``range`` describe the images.
    """
    h5py = require_h5py()

    channels, height, width = pack.data.shape
    disk = _ErrorKeepingFile(path, "x+")
    with disk, h5py.File(disk, "w") as file:
        file.attrs.update({"format_version": VERSION, **pack.facts})
        for name, text in (("layout", b"NHWC"), ("range", b"0..255")):
            file.attrs[name] = np.bytes_(text)  # of fixed length, for the reason below
        stored = file.create_dataset(
            "images",
            (len(pack.data), height, width, channels),
            np.uint8,
            chunks=(pack.block_size, height, width, channels),
            compression="gzip" if pack.compress else None,
        )
        for axis, name in enumerate(("image", "height", "width", "channel")):
            stored.dims[axis].label = name
        for rows, images in pack.blocks(progress):
            stored[rows] = images
            disk.check()
        for name, array in pack.values.items():
            if array.dtype.kind != "U":
                file.create_dataset(name, data=array)
                continue
            names = [each.encode() for each in array.tolist()]
            # Of fixed length: HDF5 may never return from reading damaged texts of variable length.
            text = h5py.string_dtype("utf-8", max(map(len, names)))
            file.create_dataset(name, data=names, dtype=text)
        for name, texts in pack.texts.items():
            plain = [text.replace("\0", "") for text in texts]  # HDF5 texts end at a null character
            file.create_dataset(name, data=plain, dtype=h5py.string_dtype())
    disk.check()

"""Writes prepared images to an HDF5 file, an .npz file, or a folder of PNG files."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ganzoo.contracts import Condition
from ganzoo.data.collection import Collection
from ganzoo.errors import RequestError
from ganzoo.extras import require_package
from ganzoo.folders import ending, exists_already
from ganzoo.imaging import to_image

VERSION = 1
"""The version of the layout of the HDF5 file."""

Progress = Callable[[int, int], None]
"""Called with the number of images written so far, and the total."""

_HDF5 = FORMATS_WITH_TEXTS = (".h5", ".hdf5")
"""The suffixes of HDF5 files; of all formats, only they can contain texts about images."""

_BLOCK_BYTES = 2**20
"""The approximate size of a block of images, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Prepared images, with facts and texts about them."""

    data: Collection
    facts: Mapping[str, str] = field(default_factory=dict)
    """Facts about all images: where they come from and how they were prepared."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """A text for each image, by the kind of text: description, source."""
    compress: bool = False

    @property
    def block_size(self) -> int:
        """The number of images in a block of about one mebibyte."""
        return min(len(self.data), max(1, _BLOCK_BYTES // math.prod(self.data.shape)))

    @property
    def values(self) -> Mapping[str, NDArray[Any]]:
        """The arrays about the images' classes or values, by name: numbers, names and ranges."""
        data = self.data
        if data.values is None or data.condition is None:
            return {}
        chosen, names = data.values[data.indices], np.array(data.condition.names, str)
        if data.condition.kind == "class":
            return {"labels": chosen, "class_names": names}
        if data.condition.kind == "classes":
            return {"labels": chosen.astype(np.uint8), "class_names": names}
        ranges = np.array(data.condition.ranges)
        return {"labels": chosen, "value_names": names, "value_ranges": ranges}

    def blocks(self, progress: Progress) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """The images in blocks, each with its rows as a slice."""
        progress(0, len(self.data))
        for start in range(0, len(self.data), self.block_size):
            rows = slice(start, min(start + self.block_size, len(self.data)))
            yield rows, self.data.store.take(self.data.indices[rows])
            progress(rows.stop, len(self.data))


def output_format(out: Path, *, folder: bool = False) -> str:
    """The suffix that names the output format; empty for a folder."""
    return "" if folder else ending(out)


def check_output(
    out: Path,
    *,
    folder: bool = False,
    force: bool = False,
    compress: bool = False,
    described: bool = False,
) -> None:
    """Raise RequestError if ``out`` exists, or if its format cannot contain what is requested.

    With ``folder``, ``out`` is a folder even if it has a suffix. With ``force``, an existing file
    may be overwritten, and a folder that contains nothing but an earlier pack.
    """
    form = output_format(out, folder=folder)
    if form not in _WRITERS:
        raise RequestError(
            f"{out}: write --out FILE.h5, FILE.npz or FOLDER/, with a slash at the end of a folder"
        )
    _require_free(out, force)
    if compress and not form:
        raise RequestError("PNG files are always compressed: remove --compress")
    if described and form not in FORMATS_WITH_TEXTS:
        raise RequestError(f"{out} cannot contain descriptions: write --out FILE.h5")
    if form in _HDF5:
        require_h5py()


def require_h5py() -> Any:
    """The package that writes HDF5 files; raises RequestError if it is not installed."""
    return require_package("h5py", "an HDF5 file", "ganzoo-toolkit[hdf5]")


def check_condition(condition: Condition | None, out: Path, *, folder: bool = False) -> None:
    """Raise RequestError if the format of ``out`` cannot contain this condition of the images."""
    if condition and condition.kind != "class" and not output_format(out, folder=folder):
        raise RequestError(
            f"{out}: a folder cannot contain {condition} of each image: write --out FILE.h5 or "
            "FILE.npz"
        )


def _require_free(out: Path, force: bool) -> None:
    exists = out.exists() or out.is_symlink()
    if exists and not force:
        raise exists_already(out)
    if out.is_dir() and not _is_pack(out):
        raise RequestError(
            f"{out} contains other files than an earlier pack, so --force does not overwrite it: "
            "name another folder with --out"
        )


def _is_pack(folder: Path) -> bool:
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return all(re.fullmatch(r"\d+\.png", path.name) for path in files)


def write(
    pack: Pack,
    out: Path,
    progress: Progress = lambda done, total: None,
    *,
    folder: bool = False,
    force: bool = False,
) -> None:
    """Write the images in the format that the suffix of ``out`` names, completely or not at all.

    ``folder`` and ``force`` are as for ``check_output``. Raises RequestError if the format cannot
    contain these images, or if ``out`` has been created meanwhile, and OSError if the disk is full.
    """
    check_condition(pack.data.condition, out, folder=folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        _WRITERS[output_format(out, folder=folder)](pack, part, progress)
        if part.is_file():
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        _require_free(out, force)
        _move_into_place(part, out)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            f"cannot write {out}: {reason}; free some space, or name another --out"
        ) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def _move_into_place(part: Path, out: Path) -> None:
    """Rename the temporary file or folder to its final name; replace an earlier pack."""
    if not out.is_dir():
        part.replace(out)
        return
    before = part.with_suffix(".before")
    out.rename(before)
    part.rename(out)
    shutil.rmtree(before)


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


def _write_hdf5(pack: Pack, path: Path, progress: Progress) -> None:
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


def _write_npz(pack: Pack, path: Path, progress: Progress) -> None:
    """Write the arrays ``images`` (N, C, H, W) and those of ``Pack.values`` for ``np.load``.

    The texts ``layout`` and ``range`` describe the images.
    """
    channels, height, width = pack.data.shape
    method = zipfile.ZIP_DEFLATED if pack.compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "x") as archive:

        def member(name: str) -> IO[bytes]:
            about = zipfile.ZipInfo(f"{name}.npy")
            about.compress_type = method
            return archive.open(about, "w", force_zip64=True)

        with member("images") as file:
            shape = (len(pack.data), channels, height, width)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(file, header)
            for _, images in pack.blocks(progress):
                file.write(images.transpose(0, 3, 1, 2).tobytes())
        for name, text in (("layout", "NCHW"), ("range", "0..255")):
            with member(name) as file:
                npy.write_array(file, np.array(text), allow_pickle=False)
        for name, array in pack.values.items():
            with member(name) as file:
                npy.write_array(file, array, allow_pickle=False)


def _write_folder(pack: Pack, folder: Path, progress: Progress) -> None:
    """Write PNG files named by number, in a folder for each class if there are classes."""
    data, labels = pack.data, pack.values.get("labels")
    if data.shape.channels not in (1, 3, 4):
        raise RequestError(
            f"PNG files cannot have {data.shape.channels} channels: write --out FILE.h5"
        )
    names = _folder_names(data.class_names) if labels is not None else ["."]
    for name in names:
        (folder / name).mkdir(parents=True)
    digits = len(str(len(data) - 1))
    for rows, images in pack.blocks(progress):
        for number, image in enumerate(images, rows.start):
            place = folder / names[0 if labels is None else labels[number]]
            to_image(image).save(place / f"{number:0{digits}}.png")


def _folder_names(class_names: Sequence[str]) -> list[str]:
    """A folder name for each class, valid on every system; a repeated name gets a number."""
    found: dict[str, str] = {}
    for number, name in enumerate(class_names):
        plain = re.sub(r'^[ .]|[\x00-\x1f"*/:<>?\\|]|[ .]$', "_", name)[:60] or "_"
        while plain.casefold() in found:
            plain = f"{number}-{plain}"
        found[plain.casefold()] = plain
    return list(found.values())


_WRITERS = {".h5": _write_hdf5, ".hdf5": _write_hdf5, ".npz": _write_npz, "": _write_folder}
"""The function that writes each format, by suffix."""

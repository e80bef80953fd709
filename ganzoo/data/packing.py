"""Prepared images, written to be taken elsewhere: an HDF5 file, an .npz, or a folder of PNGs."""

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

from ganzoo.data.collection import Collection
from ganzoo.errors import RequestError
from ganzoo.folders import ending, exists_already
from ganzoo.imaging import to_image

VERSION = 1
"""Of the layout of the HDF5 file."""

Progress = Callable[[int, int], None]
"""Is told how many images are written, of how many."""

FORMATS_WITH_TEXTS = (".h5", ".hdf5")
"""The endings of files that can hold texts about images."""

_BLOCK_BYTES = 2**20
"""About how many bytes of images are written, and read again, at once."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Prepared images, and what is known of them."""

    data: Collection
    facts: Mapping[str, str] = field(default_factory=dict)
    """About all of them: where they come from and how they were prepared."""
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """About each of them, by what the texts are: description, source."""
    compress: bool = False

    @property
    def block_size(self) -> int:
        """How many images are about a mebibyte."""
        return min(len(self.data), max(1, _BLOCK_BYTES // math.prod(self.data.shape)))

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The label of each of them, (N,)."""
        data = self.data
        return None if data.labels is None else data.labels[data.indices]

    def blocks(self, progress: Progress) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """The images in parts of ``block_size``, and where they belong."""
        progress(0, len(self.data))
        for start in range(0, len(self.data), self.block_size):
            rows = slice(start, min(start + self.block_size, len(self.data)))
            yield rows, self.data.store.take(self.data.indices[rows])
            progress(rows.stop, len(self.data))


def output_format(out: Path, *, folder: bool = False) -> str:
    """The ending that says in which form a pack is written; nothing for a folder."""
    return "" if folder else ending(out)


def check_output(
    out: Path,
    *,
    folder: bool = False,
    force: bool = False,
    compress: bool = False,
    described: bool = False,
) -> None:
    """Refuse a place where something is already, and forms that cannot hold what is asked for.

    With ``folder`` it is one whatever its name ends in. With ``force`` a file may be overwritten,
    and a folder that holds nothing but an earlier pack. Raises RequestError.
    """
    form = output_format(out, folder=folder)
    if form not in _WRITERS:
        raise RequestError(
            f"{out}: write a FILE.h5, a FILE.npz, or a FOLDER, whose name ends in a slash"
        )
    _require_free(out, force)
    if compress and not form:
        raise RequestError("PNG files are compressed as they are: leave out --compress")
    if described and form not in FORMATS_WITH_TEXTS:
        raise RequestError(f"{out} cannot hold descriptions: write --out FILE.h5")


def _require_free(out: Path, force: bool) -> None:
    exists = out.exists() or out.is_symlink()
    if exists and not force:
        raise exists_already(out)
    if out.is_dir() and not _is_pack(out):
        raise RequestError(
            f"{out} holds more than an earlier pack: --force does not overwrite it; name another "
            "folder with --out"
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
    """Write the images in the form that the ending of ``out`` asks for, all or nothing.

    ``folder`` and ``force`` are as for ``check_output``. Raises RequestError for images that this
    form cannot hold, and where something has appeared meanwhile, and OSError where the disk gives
    no more.
    """
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
        raise OSError(f"cannot write {out}: {reason}; make room, or name another --out") from error
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def _move_into_place(part: Path, out: Path) -> None:
    """Move what is written to where it belongs, in the place of an earlier pack if need be."""
    if not out.is_dir():
        part.replace(out)
        return
    before = part.with_suffix(".before")
    out.rename(before)
    part.rename(out)
    shutil.rmtree(before)


class _ErrorKeepingFile(io.FileIO):
    """A file that keeps its first error for itself: HDF5 crashes where a disk is full."""

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
        """Raise that error, if there was one."""
        if self.error:
            raise self.error


def _write_hdf5(pack: Pack, path: Path, progress: Progress) -> None:
    """Datasets ``images`` (N, H, W, C), ``labels``, ``class_names``, and texts by their name.

    Attributes ``layout`` and ``range`` say how the images are to be read.
    """
    import h5py  # a fifth of a second, which the other forms need not wait

    channels, height, width = pack.data.shape
    disk = _ErrorKeepingFile(path, "x+")
    with disk, h5py.File(disk, "w") as file:
        file.attrs.update({"format_version": VERSION, **pack.facts})
        for name, text in (("layout", b"NHWC"), ("range", b"0..255")):
            file.attrs[name] = np.bytes_(text)  # of a length that is in the file, as below
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
        if pack.labels is not None:
            names = [name.encode() for name in pack.data.class_names]
            # All equally long: HDF5 may read for ever where texts of any length are damaged.
            text = h5py.string_dtype("utf-8", max(map(len, names)))
            file.create_dataset("labels", data=pack.labels)
            file.create_dataset("class_names", data=names, dtype=text)
        for name, texts in pack.texts.items():
            plain = [text.replace("\0", "") for text in texts]  # where HDF5 would end them
            file.create_dataset(name, data=plain, dtype=h5py.string_dtype())
    disk.check()


def _write_npz(pack: Pack, path: Path, progress: Progress) -> None:
    """Arrays ``images`` (N, C, H, W), ``labels`` and ``class_names``, as ``np.load`` reads them.

    Texts ``layout`` and ``range`` beside them say how the images are to be read.
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
        if pack.labels is not None:
            for name, array in (
                ("labels", pack.labels),
                ("class_names", np.array(pack.data.class_names, str)),
            ):
                with member(name) as file:
                    npy.write_array(file, array, allow_pickle=False)


def _write_folder(pack: Pack, folder: Path, progress: Progress) -> None:
    """PNG files named by their number, in a folder for each class if there are classes."""
    data, labels = pack.data, pack.labels
    if data.shape.channels not in (1, 3, 4):
        raise RequestError(
            f"PNG files cannot hold {data.shape.channels} channels: write --out FILE.h5"
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
    """A name for each class's folder that every system takes; doubles begin with their number."""
    found: dict[str, str] = {}
    for number, name in enumerate(class_names):
        plain = re.sub(r'^[ .]|[\x00-\x1f"*/:<>?\\|]|[ .]$', "_", name)[:60] or "_"
        while plain.casefold() in found:
            plain = f"{number}-{plain}"
        found[plain.casefold()] = plain
    return list(found.values())


_WRITERS = {".h5": _write_hdf5, ".hdf5": _write_hdf5, ".npz": _write_npz, "": _write_folder}
"""What writes each form, by the ending of its name."""

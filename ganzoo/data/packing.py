"""Writes prepared images to an HDF5 file, an .npz file, shards, or a folder of PNG files."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from ganzoo.contracts import Condition
from ganzoo.data.hdf5_file import require_h5py, write_hdf5
from ganzoo.data.pack import Pack, Progress
from ganzoo.data.shard_files import is_shards, write_shards
from ganzoo.errors import RequestError
from ganzoo.folders import ending, partial_path
from ganzoo.imaging import to_image
from ganzoo.overwriting import exists_already

_HDF5 = FORMATS_WITH_TEXTS = (".h5", ".hdf5")
"""The suffixes of HDF5 files; of all formats, only they can contain texts about images."""
_SHARDS = "shards"


def output_format(out: Path, *, folder: bool = False, shards: bool = False) -> str:
    """The suffix that names the output format; empty for a folder of PNG files, or "shards"."""
    if shards and not folder:
        raise RequestError(f"{out}: shards are written into a folder: write --out FOLDER/")
    if shards:
        return _SHARDS
    return "" if folder else ending(out)


def check_output(
    out: Path,
    *,
    folder: bool = False,
    shards: bool = False,
    force: bool = False,
    compress: bool = False,
    described: bool = False,
) -> None:
    """Raise RequestError if ``out`` exists, or if its format cannot contain what is requested.

    With ``folder``, ``out`` is a folder even if it has a suffix. With ``force``, an existing file
    may be overwritten, and a folder that contains nothing but an earlier pack.
    """
    form = output_format(out, folder=folder, shards=shards)
    if form not in _WRITERS:
        raise RequestError(
            f"{out}: write --out FILE.h5, FILE.npz or FOLDER/, with a slash at the end of a folder"
        )
    _require_free(out, force)
    if compress and not form:
        raise RequestError("PNG files are always compressed: remove --compress")
    if compress and form == _SHARDS:
        raise RequestError("shards are read by ranges of bytes, uncompressed: remove --compress")
    if described and form not in FORMATS_WITH_TEXTS:
        raise RequestError(f"{out} cannot contain descriptions: write --out FILE.h5")
    if form in _HDF5:
        require_h5py()


def check_condition(
    condition: Condition | None, out: Path, *, folder: bool = False, shards: bool = False
) -> None:
    """Raise RequestError if the format of ``out`` cannot contain this condition of the images."""
    form = output_format(out, folder=folder, shards=shards)
    if condition and condition.kind != "class" and not form:
        raise RequestError(
            f"{out}: a folder cannot contain {condition} of each image: write --out FILE.h5 or "
            "FILE.npz, or add --shards"
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
    if is_shards(folder):
        return True
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

    With ``pack.shards``, ``out`` is a folder of so many shards. ``folder`` and ``force`` are as for
    ``check_output``. Raises RequestError if the format cannot contain these images, or if ``out``
    has been created meanwhile, and OSError if the disk is full.
    """
    kind = {"folder": folder or pack.shards > 0, "shards": pack.shards > 0}
    check_condition(pack.data.condition, out, **kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = partial_path(out)
    try:
        _WRITERS[output_format(out, **kind)](pack, part, progress)
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


_WRITERS = {
    **dict.fromkeys(_HDF5, write_hdf5),
    ".npz": _write_npz,
    _SHARDS: write_shards,
    "": _write_folder,
}
"""The function that writes each format of ``output_format``."""

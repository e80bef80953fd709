"""Kinds of inputs that contain many images or their labels, read by their datasets."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import scipy.io

from ganzoo.contracts import condition_of
from ganzoo.data.cache import PreparedImages, load_or_prepare
from ganzoo.data.conditions import require_value
from ganzoo.data.descriptions import read_descriptions
from tests.torture.images import encoded, pixels
from tests.torture.input_kind import InputKind, file_contents
from tests.torture.reading import PREPARATIONS, check_dataset, open_dataset

_COUNT = 6
_NAMES = ("rose", "tulip")


def _read_file(dataset: str, name: str, folder: Path, content: bytes) -> None:
    (folder / name).write_bytes(content)
    check_dataset(open_dataset(dataset, folder / name))


# Arrays.


def _idx() -> list[bytes]:
    found = pixels()
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in found.shape)
    return [header + found.tobytes()]


def _read_idx(folder: Path, content: bytes) -> None:
    (folder / "train-images-idx3-ubyte.gz").write_bytes(content)
    labels = bytes([0, 0, 8, 1, 0, 0, 0, _COUNT, *range(_COUNT)])
    (folder / "train-labels-idx1-ubyte").write_bytes(labels)
    check_dataset(open_dataset("mnist", folder))


def _hdf5(path: Path, **how: Any) -> None:
    version = how.pop("libver", "earliest")
    with h5py.File(path, "w", libver=version) as file:
        file.attrs["layout"] = "NHWC"
        file.create_dataset("images", data=pixels(3), **how)
        file["labels"] = np.arange(_COUNT) % 2
        names = h5py.string_dtype() if how else h5py.string_dtype("utf-8", 5)
        file.create_dataset("class_names", data=_NAMES, dtype=names)


def _read_hdf5(folder: Path, content: bytes) -> None:
    (folder / "a.h5").write_bytes(content)
    for memory in ("load", "stream"):
        check_dataset(open_dataset("hdf5", folder / "a.h5", memory=memory, window=4))


def _npz(path: Path) -> None:
    np.savez(path, images=pixels(3), labels=np.arange(_COUNT) % 2, class_names=_NAMES)


_CHUNKED: dict[str, Any] = {"chunks": (2, 12, 10, 3), "compression": "gzip", "shuffle": True}
_ARRAYS = (
    InputKind("IDX", _idx, _read_idx),
    InputKind("IDX in gzip", lambda: [gzip.compress(_idx()[0], mtime=0)], _read_idx),
    InputKind(
        "HDF5",
        lambda: file_contents(
            ".h5",
            _hdf5,
            partial(_hdf5, libver="latest"),
            partial(_hdf5, **_CHUNKED),
            partial(_hdf5, **_CHUNKED, fletcher32=True, maxshape=(None, 12, 10, 3)),
        ),
        _read_hdf5,
    ),
    InputKind(
        ".npy",
        lambda: file_contents(
            ".npy",
            lambda path: np.save(path, pixels(3)),
            lambda path: np.save(path, np.asfortranarray(pixels()) / np.float32(255)),
        ),
        partial(_read_file, "numpy", "a.npy"),
    ),
    InputKind(
        ".npz",
        lambda: file_contents(
            ".npz",
            _npz,
            lambda path: np.savez_compressed(path, x=pixels(), y=np.array(["a", "b"] * 3)),
        ),
        partial(_read_file, "numpy", "a.npz"),
    ),
)


# Archives, and the tables beside images.


def _files() -> dict[str, bytes]:
    (packed,) = file_contents(".png", encoded("RGB", "PNG")[0])
    return {f"{_NAMES[number % 2]}/{number}.png": packed for number in range(_COUNT)}


def _table_of_json() -> bytes:
    rows = [[name, number % 2] for number, name in enumerate(_files())]
    return json.dumps({"labels": rows}).encode()


def _zip(path: Path, method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {**_files(), "dataset.json": _table_of_json()}.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)


def _tar(path: Path, files: dict[str, bytes], form: int, mode: Any = "w") -> None:
    with tarfile.open(path, mode, format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _tars() -> list[bytes]:
    long = {f"{'kind' * 30}/{name}": content for name, content in _files().items()}
    forms = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return file_contents(".tar", *(partial(_tar, files=long, form=form) for form in forms))


def _read_table(name: str, folder: Path, content: bytes) -> None:
    for number, (place, image) in enumerate(_files().items()):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(image if number == 0 else b"")
    (folder / name).write_bytes(content)
    found = open_dataset("image-folder", folder, labels=folder / name)
    label = found[0][1]
    require_value(label, condition_of(found), 0, "")


def _tables() -> list[bytes]:
    rows = [f"{name},{_NAMES[number % 2]}\n" for number, name in enumerate(_files())]
    with_more = [row.replace(",", ',"a, b",') for row in rows]
    plain, headed = "".join(rows), "".join(["file,class\n", *rows])
    return [plain.encode(), headed.encode(), "".join(["file,about,label\n", *with_more]).encode()]


def _read_descriptions(folder: Path, content: bytes) -> None:
    (folder / "images.csv").write_bytes(content)
    for name, about in read_descriptions(folder / "images.csv").items():
        assert name
        assert all(isinstance(text, str) for text in about)
        "".join([name, *about]).encode()


def _flowers(which: str, folder: Path, content: bytes) -> None:
    """Read the files of Oxford Flowers, one of which is broken."""
    originals = {"imagelabels.mat": _numbers("labels"), "102flowers.tgz": _tgz()}
    for name, file in {**originals, which: [content]}.items():
        (folder / name).write_bytes(file[0])
    check_dataset(open_dataset("flowers", folder))


@cache
def _numbers(name: str) -> list[bytes]:
    rows = {name: np.arange(1, _COUNT + 1)[np.newaxis]}
    return file_contents(
        ".mat",
        lambda path: scipy.io.savemat(path, rows, do_compression=True),
        lambda path: scipy.io.savemat(path, rows),
    )


@cache
def _tgz() -> list[bytes]:
    image = next(iter(_files().values()))
    files = {f"jpg/image_{number:05}.jpg": image for number in range(1, _COUNT + 1)}
    return file_contents(".tgz", partial(_tar, files=files, form=tarfile.GNU_FORMAT, mode="w:gz"))


def _tgz_of(tar: bytes) -> bytes:
    return gzip.compress(tar, mtime=0)


_ARCHIVES = (
    InputKind(
        "zip archive",
        lambda: file_contents(".zip", _zip, partial(_zip, method=zipfile.ZIP_DEFLATED)),
        partial(_read_file, "archive", "a.zip"),
    ),
    InputKind("tar archive", _tars, partial(_read_file, "archive", "a.tar")),
    InputKind("table of labels", _tables, partial(_read_table, "labels.csv"), is_text=True),
    InputKind(
        "dataset.json",
        lambda: [_table_of_json(), b'{"labels": null}'],
        partial(_read_table, "labels.json"),
        is_text=True,
    ),
    InputKind(
        "table of descriptions",
        lambda: [b'file,address,description\na.png,http://a/,"a ""flower"""\nb.png,,\n'],
        _read_descriptions,
        is_text=True,
    ),
    InputKind("MATLAB file", partial(_numbers, "labels"), partial(_flowers, "imagelabels.mat")),
    InputKind("tgz archive", _tgz, partial(_flowers, "102flowers.tgz")),
    InputKind(
        "tar in a tgz archive",
        lambda: [gzip.decompress(packed) for packed in _tgz()],
        partial(_flowers, "102flowers.tgz"),
        fix_checksums=_tgz_of,
    ),
)


# Prepared images.


@cache
def _kept(name: str) -> list[bytes]:
    """A file of prepared images, after an unreadable image was skipped."""
    with TemporaryDirectory() as folder:
        kept = _prepared(Path(folder)).identity
        return [Path(folder, "prepared", kept, name).read_bytes()]


def _prepared(folder: Path) -> PreparedImages:
    """The prepared images of a folder of seven files, with this folder as the cache."""
    os.environ["GANZOO_CACHE"] = str(folder)
    for name, content in {**_files(), "rose/none.png": b""}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return load_or_prepare(open_dataset("image-folder", folder, on_error="skip"), PREPARATIONS[0])


def _read_kept(name: str, folder: Path, content: bytes) -> None:
    place = folder / "prepared" / _prepared(folder).identity / name
    place.write_bytes(content)
    found = _prepared(folder)
    assert found.images.dtype == np.uint8
    assert found.images.shape[1:3] == (8, 8)
    assert found.values is not None
    assert found.condition is not None
    assert set(found.values.tolist()) <= set(range(found.condition.size))


_PREPARED = (
    InputKind("prepared images", partial(_kept, "images.npy"), partial(_read_kept, "images.npy")),
    InputKind("prepared labels", partial(_kept, "values.npy"), partial(_read_kept, "values.npy")),
    InputKind(
        "about prepared images",
        partial(_kept, "about.json"),
        partial(_read_kept, "about.json"),
        is_text=True,
    ),
)

KINDS = (*_ARRAYS, *_ARCHIVES, *_PREPARED)
"""All kinds of inputs of datasets."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo import Condition, RequestError
from ganzoo_numpy import NumpyOptions, files, ganzoo_datasets
from ganzoo_numpy.images import NumpyImages

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 7, 3), np.uint8)
LABELS = np.array([2, 0, 2, 1, 1, 0])


def open_dataset(path: Path | None, **options: Any) -> NumpyImages:
    return NumpyImages(NumpyOptions(path=path, **options))


def contents(dataset: NumpyImages) -> tuple[np.ndarray[Any, Any], list[Any]]:
    pairs = [dataset[index] for index in range(len(dataset))]
    return np.stack([image for image, _ in pairs]), [label for _, label in pairs]


@pytest.fixture(params=["npy", "savez", "savez_compressed"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "images"
    with path.open("wb") as stream:
        if request.param == "npy":
            np.save(stream, IMAGES)
        else:
            getattr(np, request.param)(stream, images=IMAGES)
    return path


def test_the_format_is_detected_without_a_file_extension(file: Path) -> None:
    dataset = open_dataset(file)
    images, labels = contents(dataset)
    np.testing.assert_array_equal(images, IMAGES)
    assert labels == [None] * 6
    assert dataset.class_names == ()


def test_images_are_read_in_bulk(file: Path) -> None:
    images, labels = open_dataset(file).read(range(2, 5))
    np.testing.assert_array_equal(images, IMAGES[2:5])
    assert labels is None


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_several_classes_or_values_are_read_with_their_names(save: Any, tmp_path: Path) -> None:
    path, yes_or_no = tmp_path / "x.npz", np.arange(12).reshape(6, 2) % 3 % 2
    save(path, images=IMAGES, labels=yes_or_no)
    dataset = open_dataset(path)
    assert dataset.condition == Condition("classes", ("0", "1"))
    assert dataset.class_names == ()
    assert contents(dataset)[1] == yes_or_no.tolist()
    save(path, images=IMAGES, labels=yes_or_no - 0.5, value_names=["hue", "size"])
    dataset = open_dataset(path)
    assert dataset.condition == Condition("vector", ("hue", "size"), ((-0.5, 0.5), (-0.5, 0.5)))
    values = dataset.read(range(3))[1]
    assert values is not None
    assert values.dtype == np.float32
    save(path, images=IMAGES, labels=yes_or_no, value_ranges=[[0, 1], [0, 2]])
    assert open_dataset(path).condition == Condition(
        "vector", ("value0", "value1"), ((0, 1), (0, 2))
    )


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_in_fortran_order_are_read(save: Any, order: Any, tmp_path: Path) -> None:
    floats = np.array(IMAGES.transpose(0, 3, 1, 2) / 127.5 - 1, np.float32, order=order)
    save(tmp_path / "x.npz", x=floats)
    np.testing.assert_array_equal(contents(open_dataset(tmp_path / "x.npz"))[0], IMAGES)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_labels_and_class_names_are_read(save: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    save(path, x=IMAGES, y=LABELS[:, np.newaxis])
    assert open_dataset(path).class_names == ("0", "1", "2")
    save(path, images=IMAGES, labels=LABELS, class_names=["iris", "rose", "tulip"])
    dataset = open_dataset(path)
    assert dataset.class_names == ("iris", "rose", "tulip")
    assert contents(dataset)[1] == LABELS.tolist()
    labels = dataset.read(range(1, 3))[1]
    assert labels is not None
    assert labels.tolist() == [0, 2]


def test_only_uncompressed_arrays_are_memory_mapped(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES)
    assert isinstance(files.Npz(tmp_path / "x.npz").read("images"), np.memmap)
    np.savez_compressed(tmp_path / "x.npz", images=IMAGES)
    assert not isinstance(files.Npz(tmp_path / "x.npz").read("images"), np.memmap)


def test_arrays_with_other_names_are_chosen_by_keys(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, train=IMAGES, kinds=LABELS)
    dataset = open_dataset(path, images_key="train", labels_key="kinds")
    assert contents(dataset)[1] == LABELS.tolist()
    for options, message in (
        ({}, r"no images called images, x, arr_0: .* one of train, kinds"),
        (
            {"images_key": "test"},
            r"no array 'test': write dataset\.images_key=NAME, one of train, kinds",
        ),
        (
            {"images_key": "train", "labels_key": "z"},
            r"no array 'z': write dataset\.labels_key=NAME, one of train, kinds",
        ),
    ):
        with pytest.raises(RequestError, match=message):
            open_dataset(path, **options)
    np.save(tmp_path / "x.npy", IMAGES)
    with pytest.raises(RequestError, match="is a single array without a name"):
        open_dataset(tmp_path / "x.npy", images_key="train")


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    for arrays, message in (
        ({"y": LABELS[:5]}, r"x\.npz: x has 6 images, but y has 5"),
        ({"y": LABELS / 2}, r"x\.npz: y have the type float64"),
        ({"y": LABELS, "class_names": [1, 2, 3]}, "class_names must be strings, not int64"),
        (
            {"y": LABELS, "class_names": ["a", "b"]},
            r"x\.npz: y: image 0 has the label 2, but the 2 class names",
        ),
    ):
        np.savez(path, allow_pickle=False, x=IMAGES, **arrays)
        with pytest.raises(RequestError, match=message):
            open_dataset(path)


def test_the_fingerprint_depends_on_the_content_and_the_options(tmp_path: Path) -> None:
    def fingerprint(folder: str, brighter: int = 0, **options: Any) -> str:
        path = tmp_path / folder / f"{folder}.npz"
        path.parent.mkdir()
        arrays = {"images": IMAGES | brighter, "labels": LABELS, "others": LABELS[::-1]}
        np.savez(path, allow_pickle=False, **arrays)
        return open_dataset(path, **options).fingerprint

    first = fingerprint("a")
    assert first == fingerprint("b")
    others = [fingerprint("c", 1), fingerprint("d", labels_key="others")]
    others.append(fingerprint("e", range="-1..1"))
    assert len({first, *others}) == 4


@pytest.mark.parametrize("name", ["objects.npy", "objects.npz"])
def test_objects_are_never_unpickled(name: str, tmp_path: Path) -> None:
    objects = np.array([[{}]], object)
    with (tmp_path / name).open("wb") as stream:
        np.save(stream, objects) if name.endswith("npy") else np.savez(stream, images=objects)
    with pytest.raises(RequestError, match="it contains Python objects, which could run code"):
        open_dataset(tmp_path / name)


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize(
    ("descr", "shape", "message"),
    [
        ("|u1", "(True, 8, 8)", r"its shape is \(True, 8, 8\)"),
        ("|u1", f"({2**63}, 0, 8)", rf"its shape is \({2**63}, 0, 8\)"),
        ("|u1", f"({2**62}, 0, 8)", "array is too big|its size is not that of its header"),
        ("<U0", "(6,)", "whose elements have no bytes: write it again with np.savez"),
    ],
)
@pytest.mark.parametrize("method", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_invalid_header_is_refused(
    descr: str, shape: str, message: str, method: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    claim = npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}", bytes(64))
    if method is None:
        path.write_bytes(claim)
    else:
        with zipfile.ZipFile(path, "w", method) as packed:
            packed.writestr("images.npy", claim)
    with pytest.raises(RequestError, match=message) as caught:
        open_dataset(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_zip_members_without_npy_suffix_are_ignored(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as packed:
        packed.writestr("images", b"")
    with pytest.raises(
        RequestError, match=r"x\.npz has no images .* write the arrays with np\.savez"
    ):
        open_dataset(tmp_path / "x.npz")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(RequestError, match=r"pipe\.npy is not a file"):
        open_dataset(tmp_path / "pipe.npy")


def test_class_names_may_be_any_bytes_but_must_be_unique(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    names = np.array(["tülip".encode(), b"caf\xe9", b"rose"])
    np.savez(path, images=IMAGES, labels=LABELS, class_names=names)
    assert open_dataset(path).class_names == ("tülip", "caf\\xe9", "rose")
    np.savez(path, images=IMAGES, labels=LABELS, class_names=["a", "b", "a"])
    with pytest.raises(RequestError, match=r"x\.npz: labels: 2 classes have the name 'a'"):
        open_dataset(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_strings_with_invalid_characters_are_refused(save: Any, order: str, tmp_path: Path) -> None:
    for name, shape in (("labels", (6,)), ("class_names", (6,)), ("layout", ())):
        texts = np.full(shape, 0x110000, f"{order}u4").view(f"{order}U1")
        save(tmp_path / "x.npz", **{"images": IMAGES, "labels": LABELS, name: texts})
        with pytest.raises(
            RequestError, match=rf"x\.npz: {name} is damaged: its strings have invalid characters"
        ):
            open_dataset(tmp_path / "x.npz")


def test_unknown_layouts_and_ranges_in_the_file_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    for layout, values in (("NHWC", [0, 1]), ("planar", "0..99"), (b"NCHW", 255)):
        np.savez(path, images=IMAGES, layout=layout, range=values)
        np.testing.assert_array_equal(contents(open_dataset(path))[0], IMAGES)


def test_a_wrong_header_allocates_no_memory(tmp_path: Path) -> None:
    claim = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 9, 9)}")
    (tmp_path / "x.npy").write_bytes(claim)
    with pytest.raises(
        RequestError, match="it is truncated: its array of 81,000,000,000,000 bytes is not complete"
    ):
        open_dataset(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", claim)
    with pytest.raises(RequestError, match=r"takes 81,.* 4,294,967,296 are allowed.*np\.savez"):
        open_dataset(tmp_path / "x.npz")
    less = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 9, 9)}", bytes(1000))
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", less)
    with pytest.raises(RequestError, match="images is damaged: its size is not that of its header"):
        open_dataset(tmp_path / "x.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", method) as packed:
        stream = io.BytesIO()
        np.save(stream, IMAGES)
        packed.writestr("images.npy", stream.getvalue())
    with pytest.raises(RequestError, match=r"x\.npz: images is not compressed as by NumPy"):
        open_dataset(tmp_path / "x.npz")


def test_a_damaged_file_is_refused_or_read(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    random = np.random.default_rng(0)
    damaged = [content[:length] for length in random.integers(0, len(content), 60)]
    for place in random.integers(0, len(content), 200):
        damaged.append(content[:place] + bytes([content[place] ^ 0x24]) + content[place + 1 :])
    for place in range(10, 140):  # where a .npy has its header
        damaged.append(content[:place] + b"(" + content[place + 1 :])
    for changed in damaged:
        file.write_bytes(changed)
        with contextlib.suppress(RequestError):
            contents(open_dataset(file))


def test_a_file_that_is_not_from_numpy_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("<html>")
    (tmp_path / "empty.npy").touch()
    for path, message in (
        (None, r"write dataset\.path=FILE\.npy or FILE\.npz"),
        (tmp_path, r"is not a file: write dataset\.path=FILE\.npy or FILE\.npz"),
        (tmp_path / "missing.npy", r"cannot read .*missing\.npy: No such file"),
        (tmp_path / "text.npy", r"text\.npy is not a \.npy or \.npz file"),
        (tmp_path / "empty.npy", r"empty\.npy is not a \.npy or \.npz file"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            open_dataset(path)
        assert "\n" not in str(caught.value)


def test_the_component_builds_it(tmp_path: Path) -> None:
    (component,) = ganzoo_datasets()
    np.save(tmp_path / "x.npy", IMAGES)
    options = component.options.model_validate({"path": str(tmp_path / "x.npy")})
    assert len(component.build(options)) == 6

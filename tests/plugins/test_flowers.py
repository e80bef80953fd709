from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from ganzoo import RequestError, UnreadableImage
from ganzoo_flowers import FlowersOptions, archive, flowers, ganzoo_datasets
from ganzoo_flowers.class_names import CLASS_NAMES
from ganzoo_flowers.flowers import Flowers
from ganzoo_flowers.matfile import read_numbers

LABELS = [77, 1, 102, 1, 3, 2]
SPLITS = {"trnid": [2, 5], "valid": [1, 6], "tstid": [3, 4]}


def jpeg(number: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (12, 8), (number * 20, 0, 0)).save(stream, "JPEG")
    return stream.getvalue()


def members() -> dict[str, bytes]:
    return {f"jpg/image_{number:05}.jpg": jpeg(number) for number in range(1, len(LABELS) + 1)}


def pack(path: Path, files: Mapping[str, bytes], *others: tarfile.TarInfo) -> None:
    with tarfile.open(path, "w:gz") as packed:
        folder = tarfile.TarInfo("jpg/")
        folder.type = tarfile.DIRTYPE
        for member in (folder, *others):
            packed.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


def unpack(folder: Path) -> None:
    (folder / "jpg").mkdir()
    for name, content in members().items():
        (folder / name).write_bytes(content)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A small dataset in the format of the published files."""
    folder = tmp_path / "published"
    folder.mkdir()
    pack(folder / "102flowers.tgz", members())
    save = scipy.io.savemat
    save(folder / "imagelabels.mat", {"labels": np.array([LABELS], float)}, do_compression=True)
    splits = {name: np.array([numbers], np.uint16) for name, numbers in SPLITS.items()}
    save(folder / "setid.mat", splits)
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *args: Any) -> Path:
        raise RequestError(f"cannot download {name}: no connection")

    monkeypatch.setattr(flowers, "download", refuse)


def open_dataset(path: Path | None, **options: Any) -> Flowers:
    return Flowers(FlowersOptions(path=path, **options))


def contents(dataset: Flowers) -> list[tuple[int, int]]:
    """The number and the label of every image, in order."""
    pairs = [dataset[index] for index in range(len(dataset))]
    return [(round(np.asarray(image)[4, 6, 0] / 20), label) for image, label in pairs]


EVERYTHING = [(1, 76), (2, 0), (3, 101), (4, 0), (5, 2), (6, 1)]


def test_an_archive_is_read_without_unpacking_it(published: Path) -> None:
    before = sorted(published.iterdir())
    assert contents(open_dataset(published)) == EVERYTHING
    assert contents(open_dataset(published / "102flowers.tgz")) == EVERYTHING
    assert sorted(published.iterdir()) == before


@pytest.mark.parametrize("below", ["", "flowers-102"])
def test_an_unpacked_archive_is_read(below: str, published: Path, tmp_path: Path) -> None:
    unpack(published)
    (published / "102flowers.tgz").unlink()
    place = tmp_path / "root" / below
    shutil.copytree(published, place)
    assert contents(open_dataset(tmp_path / "root")) == EVERYTHING


def test_splits_are_those_of_the_authors(published: Path) -> None:
    assert contents(open_dataset(published, split="train")) == [(2, 0), (5, 2)]
    assert contents(open_dataset(published, split="valid")) == [(1, 76), (6, 1)]
    assert contents(open_dataset(published, split="test")) == [(3, 101), (4, 0)]


def test_classes_have_their_names(published: Path) -> None:
    names = open_dataset(published).class_names
    assert len(names) == len(set(names)) == 102
    assert (names[0], names[45], names[101]) == ("pink primrose", "wallflower", "blackberry lily")
    scipy.io.savemat(published / "imagelabels.mat", {"labels": np.array([[1, 2, 104]])})
    assert open_dataset(published).class_names == [*CLASS_NAMES, "class 103", "class 104"]


def test_threads_read_the_archive_only_once(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def counted(path: Path) -> gzip.GzipFile:
        opened.append(path)
        return gzip.GzipFile(path)

    monkeypatch.setattr(gzip, "open", counted)
    dataset = open_dataset(published)
    with ThreadPoolExecutor(8) as pool:
        labels = [label for _, label in pool.map(dataset.__getitem__, [*range(6)] * 10)]
    assert labels == [label for _, label in EVERYTHING] * 10
    assert opened == [published / "102flowers.tgz"]


def test_the_fingerprint_depends_on_the_content_and_the_split(
    published: Path, tmp_path: Path
) -> None:
    first = open_dataset(published).fingerprint
    published.rename(tmp_path / "elsewhere")
    published = tmp_path / "elsewhere"
    assert open_dataset(published).fingerprint == first
    train = open_dataset(published, split="train").fingerprint
    scipy.io.savemat(published / "imagelabels.mat", {"labels": np.array([LABELS[::-1]])})
    relabeled = open_dataset(published).fingerprint
    pack(published / "102flowers.tgz", members() | {"jpg/image_00001.jpg": jpeg(9)})
    assert len({first, train, relabeled, open_dataset(published).fingerprint}) == 4


def test_missing_images_are_counted(published: Path) -> None:
    files = members()
    del files["jpg/image_00004.jpg"]
    pack(published / "102flowers.tgz", files)
    message = r"5 of 6 images, jpg/image_00004\.jpg is missing: download or unpack it again"
    with pytest.raises(RequestError, match=r"102flowers\.tgz has " + message):
        open_dataset(published)[0]
    unpack(published)
    (published / "jpg/image_00004.jpg").unlink()
    with pytest.raises(RequestError, match="jpg has " + message):
        open_dataset(published)


def test_a_damaged_image_is_named_with_its_archive(published: Path) -> None:
    pack(published / "102flowers.tgz", members() | {"jpg/image_00002.jpg": b"<html>"})
    dataset = open_dataset(published)
    assert dataset[0][1] == 76
    with pytest.raises(UnreadableImage, match=r"jpg/image_00002\.jpg in .*102flowers\.tgz: "):
        dataset[1]


@pytest.mark.parametrize("name", ["../escaped.jpg", "jpg/../../escaped.jpg", "/escaped.jpg"])
def test_an_archive_with_paths_outside_is_refused(name: str, published: Path) -> None:
    pack(published / "102flowers.tgz", members() | {name: jpeg(1)})
    with pytest.raises(RequestError, match=f"because of its member '{name}'"):
        open_dataset(published)[0]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_an_archive_with_links_or_devices_is_refused(kind: bytes, published: Path) -> None:
    odd = tarfile.TarInfo("jpg/image_00001.jpg")
    odd.type = kind
    odd.linkname = "/etc/passwd"
    pack(published / "102flowers.tgz", members(), odd)
    with pytest.raises(RequestError, match=r"because of its member 'jpg/image_00001\.jpg'"):
        open_dataset(published)[0]


def test_an_archive_of_huge_files_is_refused(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_MAX_BYTES", 10_000)
    pack(published / "102flowers.tgz", members() | {"zeros": bytes(10_001)})
    with pytest.raises(RequestError, match="because of its member 'zeros'"):
        open_dataset(published)[0]


def test_a_damaged_archive_is_refused(published: Path) -> None:
    packed = published / "102flowers.tgz"
    whole = packed.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (b"<html>" * 100, whole[: len(whole) // 2], whole[:-1], flipped, b""):
        packed.write_bytes(damaged)
        with pytest.raises(RequestError, match=r"102flowers\.tgz.*download .*again"):
            open_dataset(published)[0]


def test_missing_files_are_named(published: Path, tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match=r"there are no flowers in .*nowhere: dataset\.path is a folder"
    ):
        open_dataset(tmp_path / "nowhere")
    (published / "setid.mat").unlink()
    assert len(open_dataset(published)) == 6
    with pytest.raises(RequestError, match=r"cannot read .*setid\.mat: No such file"):
        open_dataset(published, split="train")
    (published / "imagelabels.mat").unlink()
    with pytest.raises(RequestError, match=r"cannot read .*imagelabels\.mat: No such file"):
        open_dataset(published)


def test_split_numbers_above_the_number_of_labels_are_refused(published: Path) -> None:
    scipy.io.savemat(published / "setid.mat", {"trnid": np.array([[1, 7]])})
    with pytest.raises(RequestError, match=r"has image 7, but imagelabels\.mat next to it"):
        open_dataset(published, split="train")


def test_a_failed_download_names_all_files(own_cache: Path) -> None:
    with pytest.raises(RequestError) as caught:
        open_dataset(None)
    for fact in (
        "102flowers.tgz (344,862,509 bytes, SHA-256 2d01ecc807db4629",
        "imagelabels.mat (502 bytes, SHA-256 4903e94206bac23b",
        "setid.mat (14,989 bytes, SHA-256 46b8678f91fd95d3",
        str(own_cache / "flowers"),
        "dataset.path",
    ):
        assert fact in str(caught.value)
    assert "\n" not in str(caught.value)


def test_downloaded_files_are_used(
    published: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = []

    def fetch(name: str, urls: list[str], sha256: str, size: int, folder: Path) -> Path:
        requested.extend(urls)
        return Path(shutil.copy(published / name, folder))

    monkeypatch.setattr(flowers, "download", fetch)
    (component,) = ganzoo_datasets()
    assert len(component.build(component.options())) == 6
    base_url = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
    names = ["imagelabels.mat", "setid.mat", "102flowers.tgz"]
    assert requested == [base_url + name for name in names]
    assert (own_cache / "flowers" / "102flowers.tgz").exists()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_numbers_are_read_as_scipy_reads_them(
    kind: str, count: int, packed: bool, tmp_path: Path
) -> None:
    file = tmp_path / "numbers.mat"
    numbers = np.arange(1, count + 1).astype(kind)
    others = {"a": "text", "before": np.eye(3), "labels": numbers, "later": [1.5]}
    scipy.io.savemat(file, others, do_compression=packed)
    expected = scipy.io.loadmat(file)["labels"].ravel()
    np.testing.assert_array_equal(read_numbers(file, "labels"), expected)


@pytest.mark.parametrize("numbers", [[], [0, 1], [-1], [70_000], [float("nan")]])
def test_values_that_are_not_positive_integers_are_refused(
    numbers: list[float], tmp_path: Path
) -> None:
    scipy.io.savemat(tmp_path / "x.mat", {"labels": np.array([numbers])})
    with pytest.raises(
        RequestError, match=r"x\.mat is damaged: labels has values that are not positive integers"
    ):
        read_numbers(tmp_path / "x.mat", "labels")


@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_mat_file_is_refused_or_read(packed: bool, tmp_path: Path) -> None:
    file = tmp_path / "labels.mat"
    scipy.io.savemat(file, {"labels": np.array([LABELS], np.uint8)}, do_compression=packed)
    content = file.read_bytes()
    with pytest.raises(RequestError, match="it has no matrix 'other'"):
        read_numbers(file, "other")
    for length in range(len(content) - 8):
        file.write_bytes(content[:length])
        with pytest.raises(RequestError, match=r"cannot read .*labels\.mat, it is damaged"):
            read_numbers(file, "labels")
    for place in range(126, len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :])
        with contextlib.suppress(RequestError):
            read_numbers(file, "labels")


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (
            b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n",
            r"7\.3 \(HDF5\)",
        ),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), r"7\.3 \(HDF5\)"),
    ],
)
def test_a_matlab_file_in_hdf5_is_named_with_the_remedy(
    content: bytes, version: str, tmp_path: Path
) -> None:
    (tmp_path / "imagelabels.mat").write_bytes(content)
    with pytest.raises(RequestError, match=rf"of version {version}, .*save\('imagelabels"):
        read_numbers(tmp_path / "imagelabels.mat", "labels")


@pytest.mark.parametrize("dtype", ["<f8", ">f8", np.uint8, np.int16])
def test_a_matlab_file_of_version_4_is_named_with_the_remedy(dtype: Any, tmp_path: Path) -> None:
    path = tmp_path / "imagelabels.mat"
    scipy.io.savemat(path, {"labels": np.array(LABELS, dtype)}, format="4")
    with pytest.raises(RequestError, match=r"of version 4, .*'-v7'"):
        read_numbers(path, "labels")

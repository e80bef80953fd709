from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganzoo import RequestError
from ganzoo_mnist import MnistOptions, ganzoo_datasets, mnist
from ganzoo_mnist.idx import read_idx
from ganzoo_mnist.mnist import Mnist
from ganzoo_mnist.variants import VARIANTS

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "train-images-idx3-ubyte": RANDOM.integers(0, 256, (6, 28, 28), np.uint8),
    "train-labels-idx1-ubyte": np.array([3, 1, 4, 1, 5, 9], np.uint8),
    "t10k-images-idx3-ubyte": RANDOM.integers(0, 256, (2, 28, 28), np.uint8),
    "t10k-labels-idx1-ubyte": np.array([0, 2], np.uint8),
}
TRAIN, TRAIN_LABELS, TEST, TEST_LABELS = ARRAYS.values()


def idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ARRAYS.items():
        content = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name + ".gz" * packed)).write_bytes(content)
    return folder


def open_dataset(path: Path | None, **options: Any) -> Mnist:
    return Mnist(MnistOptions(path=path, **options))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *args: Any) -> Path:
        raise RequestError(f"cannot download {name}: no connection")

    monkeypatch.setattr(mnist, "download", refuse)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("below", "variant"),
    [
        ("", "mnist"),
        ("raw", "kmnist"),
        ("MNIST/raw", "mnist"),
        ("FashionMNIST/raw", "fashion"),
        ("KMNIST/raw", "kmnist"),
    ],
)
def test_files_are_found_in_the_folders_of_torchvision(
    below: str, variant: str, packed: bool, tmp_path: Path
) -> None:
    write(tmp_path / below, packed)
    dataset = open_dataset(tmp_path, variant=variant)
    assert len(dataset) == 6
    image, label = dataset[2]
    np.testing.assert_array_equal(image[..., 0], TRAIN[2])
    assert image.shape == (28, 28, 1)
    assert label == 4


def test_splits_are_those_of_the_authors(tmp_path: Path) -> None:
    write(tmp_path)
    everything = open_dataset(tmp_path, split="all")
    assert len(everything) == 8
    np.testing.assert_array_equal(everything[7][0][..., 0], TEST[1])
    assert [everything[index][1] for index in range(8)] == [3, 1, 4, 1, 5, 9, 0, 2]
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / name).unlink()
    assert len(open_dataset(tmp_path, split="test")) == 2


def test_images_are_read_in_bulk(tmp_path: Path) -> None:
    images, labels = open_dataset(write(tmp_path)).read(range(1, 4))
    np.testing.assert_array_equal(images, TRAIN[1:4, :, :, np.newaxis])
    assert labels.tolist() == [1, 4, 1]
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64


def test_the_fingerprint_depends_on_the_content_and_not_on_compression(tmp_path: Path) -> None:
    first = open_dataset(write(tmp_path / "packed")).fingerprint
    folder = write(tmp_path / "unpacked", packed=False)
    assert open_dataset(folder).fingerprint == first
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(TRAIN_LABELS[::-1]))
    relabeled = open_dataset(folder).fingerprint
    (folder / "train-images-idx3-ubyte").write_bytes(idx(TRAIN[::-1]))
    assert len({first, relabeled, open_dataset(folder).fingerprint}) == 3


def test_the_variant_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert len({open_dataset(folder, variant=variant).fingerprint for variant in VARIANTS}) == 3


@pytest.mark.parametrize(
    ("published", "kaggle"), [("-idx", ".idx"), ("-idx", "_idx"), ("-ubyte", ".ubyte")]
)
@pytest.mark.parametrize("packed", [True, False])
def test_files_are_found_under_the_names_of_kaggle(
    published: str, kaggle: str, packed: bool, tmp_path: Path
) -> None:
    for file in list(write(tmp_path, packed).iterdir()):
        file.rename(tmp_path / file.name.replace(published, kaggle))
    assert len(open_dataset(tmp_path, split="all")) == 8


def test_files_are_found_in_folders_with_their_names(tmp_path: Path) -> None:
    for file in list(write(tmp_path, packed=False).iterdir()):
        content = file.read_bytes()
        file.unlink()
        (tmp_path / file.name).mkdir()
        (tmp_path / file.name / file.name).write_bytes(content)
    assert len(open_dataset(tmp_path)) == 6


@pytest.mark.parametrize(
    ("split", "available"), [("train", "test"), ("test", "train"), ("all", "test")]
)
def test_the_other_split_is_suggested_if_it_is_complete(
    split: str, available: str, tmp_path: Path
) -> None:
    prefix = {"test": "t10k", "train": "train"}[available]
    for file in list(write(tmp_path).iterdir()):
        if not file.name.startswith(prefix):
            file.unlink()
    with pytest.raises(RequestError, match=rf"write dataset\.split={available}$"):
        open_dataset(tmp_path, split=split)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no folder .*none: dataset\.path"):
        open_dataset(tmp_path / "none")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_ten_classes_and_four_published_files(variant: str) -> None:
    published = VARIANTS[variant]
    assert len(set(published.class_names)) == 10
    assert {name.removesuffix(".gz") for name in published.files} == set(ARRAYS)
    assert all(len(sha256) == 64 for _, sha256 in published.files.values())


@pytest.mark.parametrize("missing", ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
def test_a_missing_file_is_named(missing: str, tmp_path: Path) -> None:
    (write(tmp_path) / missing).unlink()
    name = missing.removesuffix(".gz")
    with pytest.raises(RequestError, match=rf"no {name} or {missing} in {tmp_path}: "):
        open_dataset(tmp_path)


def test_labels_that_do_not_fit_the_images_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, packed=False)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(TRAIN_LABELS[:5]))
    with pytest.raises(RequestError, match=r"has 6 images, but .*labels-idx1-ubyte has 5 labels"):
        open_dataset(folder)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(TRAIN_LABELS + 10))
    with pytest.raises(RequestError, match="has the label 19, but the labels of mnist are 0 to 9"):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it begins with , not 00000803"),
        (b"<html>not found, sorry</html>", "it begins with 3c68746d, not 00000803"),
        (idx(TRAIN_LABELS), "it begins with 00000801, not 00000803"),
        (idx(TRAIN)[:-1], "its header says 4,704 bytes, but it has 4,703"),
        (idx(TRAIN) + b"\0", "its header says 4,704 bytes, but it has more"),
        (idx(TRAIN[:0]), "its header says 0 x 28 x 28 bytes"),
        (struct.pack(">4I", 0x803, 2**32 - 1, 2**32 - 1, 9), "its header says 4294967295 x"),
        (gzip.compress(idx(TRAIN))[:-9], "ended before"),
        (gzip.compress(idx(TRAIN))[:-8] + bytes(8), "CRC check failed"),
        (gzip.compress(idx(TRAIN)[:-1]), "but it has 4,703"),
        (b"\x1f\x8bnonsense", "damaged"),
    ],
)
def test_a_damaged_file_is_refused_and_named(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "images.gz").write_bytes(content)
    with pytest.raises(RequestError, match=r"cannot read .*images\.gz, it is damaged") as caught:
        read_idx(tmp_path / "images.gz", 3)
    assert reason in str(caught.value)


def test_no_more_is_decompressed_than_the_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(idx(TRAIN) + bytes(10**7)))
    amounts = []
    read = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, size: int = -1) -> bytes:
        content = read(self, size)
        amounts.append(len(content))
        return content

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(RequestError, match="but it has more"):
        read_idx(bomb, 3)
    assert sum(amounts) == len(idx(TRAIN)) + 1


def test_a_failed_download_names_all_files() -> None:
    with pytest.raises(RequestError) as caught:
        open_dataset(None, split="test", variant="fashion")
    assert str(caught.value) == (
        "cannot download t10k-images-idx3-ubyte.gz: no connection; or put "
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz into a folder and write "
        "dataset.path=FOLDER"
    )


def test_downloaded_files_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = write(tmp_path)
    requested = []

    def fetch(name: str, urls: list[str], sha256: str, size: int, folder: Path) -> Path:
        requested.append(urls)
        return Path(shutil.copy(published / name, folder))

    monkeypatch.setattr(mnist, "download", fetch)
    (component,) = ganzoo_datasets()
    dataset = component.build(component.options.model_validate({"split": "test"}))
    assert len(dataset) == 2
    mirrors = VARIANTS["mnist"].mirrors
    assert requested[0] == [mirror + "t10k-images-idx3-ubyte.gz" for mirror in mirrors]
    assert len(requested) == 2

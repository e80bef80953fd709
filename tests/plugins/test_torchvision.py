from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from ganzoo import RequestError, UnreadableImage
from ganzoo_torchvision import TorchvisionOptions, ganzoo_datasets
from ganzoo_torchvision.images import TorchvisionImages


def source(collection: str | None, path: Path | None = None, **options: Any) -> TorchvisionImages:
    return TorchvisionImages(TorchvisionOptions(collection=collection, path=path, **options))


def paint(folder: Path, names: list[str]) -> Path:
    for gray, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (gray, gray, gray)).save(folder / name)
    return folder


def digits(folder: Path) -> Path:
    """Files of MNIST as torchvision lays them out, three images to train and two to test."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, labels in (("train", [7, 0, 9]), ("t10k", [1, 2])):
        images = np.stack([np.full((28, 28), label * 20, np.uint8) for label in labels])
        for kind, array in (("images-idx3", images), ("labels-idx1", np.array(labels, np.uint8))):
            header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
            (raw / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return folder


def contents(found: TorchvisionImages) -> list[tuple[Any, int | None]]:
    pairs = [found[index] for index in range(len(found))]
    return [(image.convert("L").getpixel((0, 0)), label) for image, label in pairs]


def test_a_collection_is_opened_by_its_name(tmp_path: Path) -> None:
    found = source("ImageFolder", paint(tmp_path, ["rose/a.png", "iris/b.png", "rose/c.png"]))
    assert found.class_names == ("iris", "rose")
    assert contents(found) == [(1, 0), (0, 1), (2, 1)]


def test_splits_are_asked_for_as_the_constructor_takes_them(tmp_path: Path) -> None:
    assert contents(source("MNIST", digits(tmp_path))) == [(140, 7), (0, 0), (180, 9)]
    assert len(source("MNIST", tmp_path, split="train")) == 3
    found = source("MNIST", tmp_path, split="test")
    assert contents(found) == [(20, 1), (40, 2)]
    assert found.class_names[:2] == ("0 - zero", "1 - one")
    paint(tmp_path, [f"gtsrb/GTSRB/Training/{label:05}/{label}.ppm" for label in (0, 1)])
    assert len(source("GTSRB", tmp_path, split="train")) == 2


@pytest.mark.parametrize(
    ("collection", "split", "message"),
    [
        ("MNIST", "valid", "MNIST has the splits train and test, not 'valid'"),
        ("FakeData", "train", r"FakeData is in one part: leave out dataset\.split=train"),
        ("EMNIST", None, r"EMNIST has many parts: write dataset\.split=NAME"),
        (
            "GTSRB",
            "all",
            r"GTSRB: dataset\.split: Unknown value 'all' .*Valid values are .*'train'",
        ),
    ],
)
def test_other_splits_are_refused(
    collection: str, split: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=f"torchvision's {message}"):
        source(collection, tmp_path, split=split)


def test_classes_without_names_are_numbers(tmp_path: Path) -> None:
    paint(tmp_path, [f"gtsrb/GTSRB/Training/{label:05}/{label}.ppm" for label in (0, 1, 2)])
    found = source("GTSRB", tmp_path)
    assert found.class_names == ("0", "1", "2")
    assert contents(found) == [(0, 0), (1, 1), (2, 2)]


class Odd:
    """A collection of torchvision, of two images."""

    labels: Any = None
    root: Any = None
    item: Any = (Image.new("L", (4, 4)), 0)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return self.item


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give torchvision's SVHN other properties."""
    monkeypatch.setattr(datasets, "SVHN", Odd)
    return monkeypatch


def test_labels_are_counted_where_a_collection_keeps_them(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "labels", np.array([3, 1]))
    assert source("SVHN").class_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("label", [None, -1, np.int64(-1)])
def test_images_may_have_no_class(odd: pytest.MonkeyPatch, label: int | None) -> None:
    odd.setattr(Odd, "classes", ["rose", "iris"], raising=False)
    odd.setattr(Odd, "item", (Image.new("L", (4, 4)), label))
    found = source("SVHN")
    assert found.class_names == ()
    assert found[0][1] is None


def test_names_may_be_many_for_one_class(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "classes", [("tench", "Tinca tinca"), ("dog",)], raising=False)
    assert source("SVHN").class_names == ("tench, Tinca tinca", "dog")


def test_a_label_beyond_the_classes_is_refused(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "classes", ["rose"], raising=False)
    found = source("SVHN")
    odd.setattr(Odd, "item", (Image.new("L", (4, 4)), 1))
    with pytest.raises(RequestError, match="SVHN: image 0 has the label 1 of 1 classes"):
        found[0]


@pytest.mark.parametrize(
    ("item", "kinds"),
    [
        ((Image.new("L", (4, 4)), torch.zeros(40)), "Image, Tensor"),
        ((Image.new("L", (4, 4)), Image.new("L", (4, 4)), 1), "Image, Image, int"),
        ((Image.new("L", (4, 4)), "a dog"), "Image, str"),
        (torch.zeros(3, 4, 4), "Tensor"),
    ],
)
def test_other_items_are_refused(odd: pytest.MonkeyPatch, item: Any, kinds: str) -> None:
    odd.setattr(Odd, "item", item)
    message = rf"torchvision's SVHN is not used: its items are \({kinds}\), and only images with"
    with pytest.raises(RequestError, match=message):
        source("SVHN")


@pytest.mark.parametrize(
    ("collection", "reason"),
    [
        ("LSUN", "a pickle, which could run code"),
        ("ImageNet", "unpack them, and use the dataset image-folder"),
        ("CelebA", "40 attributes"),
        ("VOCDetection", "boxes or maps"),
        ("UCF101", "films"),
    ],
)
def test_collections_that_cannot_be_trained_on_are_refused_by_name(
    collection: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=f"torchvision's {collection} is not used: .*{reason}"):
        source(collection, tmp_path)


def test_every_collection_is_opened_or_refused_in_one_line(tmp_path: Path) -> None:
    for name in datasets.__all__:
        if name == "FakeData":
            continue
        with pytest.raises(RequestError) as caught:
            source(name, tmp_path)
        assert "\n" not in str(caught.value)
        assert "download=True" not in str(caught.value)


def test_a_collection_that_needs_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "SVHN", datasets.CocoDetection)
    with pytest.raises(RequestError, match="CocoDetection is not used: it needs annFile, and only"):
        source("SVHN", Path.cwd())


def test_a_missing_package_is_said(odd: pytest.MonkeyPatch) -> None:
    def fail(self: Odd) -> None:
        raise ModuleNotFoundError("No module named 'lmdb'", name="lmdb")

    odd.setattr(Odd, "__init__", fail)
    with pytest.raises(RequestError, match="torchvision's Odd needs lmdb: pip install lmdb"):
        source("SVHN")


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise AssertionError("it wants to download")

    monkeypatch.setattr("torchvision.datasets.semeion.download_url", refuse)
    message = r"cannot read SEMEION in .*: Dataset not found or corrupted; put its files there, "
    with pytest.raises(RequestError, match=message + r".*torchvision\.datasets\.SEMEION\.html"):
        source("SEMEION", tmp_path)


def test_what_is_not_there_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for collection, path, message in (
        (None, None, r"write dataset\.collection=NAME, such as CIFAR10"),
        ("cifar10", None, r"no collection 'cifar10'; did you mean CIFAR10"),
        ("wrap_dataset_for_transforms_v2", None, "no collection 'wrap"),
        ("CIFAR10", None, r"CIFAR10 needs its files: write dataset\.path=FOLDER"),
        ("CIFAR10", tmp_path / "no", r"no folder .*no: dataset\.path holds the files of CIFAR10"),
    ):
        with pytest.raises(RequestError, match=message):
            source(collection, path)


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    found = source("ImageFolder", paint(tmp_path, ["rose/a.png", "rose/b.png"]))
    (tmp_path / "rose/b.png").write_text("<html>")
    with pytest.raises(UnreadableImage, match=r"1 of torchvision's ImageFolder in .*identify"):
        found[1]


def test_drawn_images_are_the_same_from_any_thread() -> None:
    found = source("FakeData")
    assert (len(found), len(found.class_names)) == (1000, 10)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(found.__getitem__, range(12)))
    for index, (image, label) in enumerate(drawn):
        again = source("FakeData")[index]
        assert (image.tobytes(), label) == (again[0].tobytes(), again[1])
    assert torch.equal(before, torch.get_rng_state())


def test_the_fingerprint_is_of_the_files_and_the_split(tmp_path: Path) -> None:
    first = source("MNIST", digits(tmp_path / "a")).fingerprint
    assert source("MNIST", digits(tmp_path / "b")).fingerprint == first
    split = source("MNIST", tmp_path / "b", split="test").fingerprint
    other = source(
        "FashionMNIST", (tmp_path / "b/MNIST").rename(tmp_path / "b/FashionMNIST").parent
    )
    assert len({first, split, other.fingerprint, source("FakeData").fingerprint}) == 4


def test_the_fingerprint_is_of_the_files_of_the_collection_alone(tmp_path: Path) -> None:
    digits(tmp_path / "elsewhere")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/MNIST").symlink_to(tmp_path / "elsewhere/MNIST")
    paint(tmp_path / "shared", [f"gtsrb/GTSRB/Training/{label:05}/a.ppm" for label in (0, 1)])

    def fingerprints() -> tuple[str, str]:
        kinds = (source(kind, tmp_path / "shared") for kind in ("MNIST", "GTSRB"))
        first, second = (kind.fingerprint for kind in kinds)
        return first, second

    mnist, gtsrb = fingerprints()
    (tmp_path / "shared/other.txt").touch()
    assert fingerprints() == (mnist, gtsrb)
    labels = tmp_path / "elsewhere/MNIST/raw/train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\1")
    changed = fingerprints()
    assert changed[0] != mnist
    assert changed[1] == gtsrb


@pytest.mark.parametrize(
    ("attribute", "owned"), [("base_folder", "own"), ("_base_folder", "own"), ("root", ".")]
)
def test_the_folder_of_a_collection_is_found_as_it_is_known(
    attribute: str, owned: str, odd: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def keep(self: Odd, root: Path) -> None:
        self.root = root
        setattr(self, attribute, owned if attribute == "base_folder" else root / owned)

    odd.setattr(Odd, "__init__", keep)
    odd.setattr(Odd, "classes", ["rose"], raising=False)
    (tmp_path / "own").mkdir()
    first = source("SVHN", tmp_path).fingerprint
    (tmp_path / "other.txt").touch()
    assert (source("SVHN", tmp_path).fingerprint == first) == (owned == "own")
    (tmp_path / "own/images").touch()
    assert source("SVHN", tmp_path).fingerprint != first


def test_the_component_builds_it() -> None:
    (component,) = ganzoo_datasets()
    options = component.options.model_validate({"collection": "FakeData"})
    assert len(component.build(options)) == 1000

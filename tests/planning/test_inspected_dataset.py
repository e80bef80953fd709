from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import RequestError
from ganzoo.configured_components import Configuration
from ganzoo.planning import inspected_dataset
from ganzoo.planning.inspected_dataset import InspectedDataset, inspect_dataset
from ganzoo.registry import Registry
from ganzoo.run import core_keys
from ganzoo.sections import DataOptions
from ganzoo.settings import Settings


def look(dataset: str, classes: tuple[str, ...] = (), **options: object) -> InspectedDataset:
    settings = Settings()
    settings.add({"dataset": dataset, **{f"dataset.{k}": v for k, v in options.items()}}, "test")
    found = Configuration(settings, Registry.discover(), core_keys())
    chosen = found.configured(found.main("dataset"), "dataset")
    return inspect_dataset(chosen, DataOptions(classes=classes), "mine", 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes with 8 and 4 gray images of two sizes; one is there twice."""
    random = np.random.default_rng(0)
    for name, count, size in (("a", 8, (20, 30)), ("b", 4, (40, 40))):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = random.integers(0, 255, size, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "0.png").write_bytes((tmp_path / "a" / "1.png").read_bytes())
    return tmp_path


def test_the_facts_of_a_folder(folder: Path) -> None:
    images = look("image-folder", path=str(folder)).images
    assert (images.count, images.channels, images.classes, images.condition) == (12, 1, 2, "class")
    assert images.sizes == "30 x 20 to 40 x 40"
    assert (images.resolution, images.repeated, images.unreadable) == (16, 1, 0)
    assert 0 < images.seconds_each < 1


def test_chosen_classes_alone_are_counted(folder: Path) -> None:
    assert look("image-folder", ("b",), path=str(folder)).images.count == 4


def test_only_some_images_of_many_are_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspected_dataset, "_MOST", 6)
    images = look("image-folder", path=str(folder)).images
    assert images.count == 12
    assert images.repeated <= 1


def test_drawn_images_have_no_largest_size() -> None:
    images = look("blossoms", count=10).images
    assert (images.resolution, images.sizes) == (0, "")


def test_no_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.txt").touch()
    with pytest.raises(RequestError, match="no images"):
        look("image-folder", path=str(tmp_path))

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo.output.neighbors import Neighborhood
from ganzoo.output.trained import TrainedRun

Arguments = Callable[..., dict[str, Any]]
NAMES = [f"{shelf}/{number}.png" for shelf in ("a", "b") for number in range(5)]


def pixels(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)


def image(number: int) -> Tensor:
    return torch.from_numpy(pixels(number)).permute(2, 0, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten images in two classes, and one in their midst that cannot be read."""
    for number, name in enumerate(NAMES):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(number)).save(path)
    (tmp_path / "images" / "a" / "2b.png").write_bytes(b"none")
    return tmp_path / "images"


@pytest.fixture
def trained(tiny: Arguments, folder: Path) -> Callable[..., TrainedRun]:
    """A run on these images; more settings can be added."""

    def train(**settings: Any) -> TrainedRun:
        of_folder = {"dataset.path": str(folder), "dataset.on_error": "skip"}
        fast = {"extractor": "random"}
        asked = tiny(dataset="image-folder", steps=1, settings={**of_folder, **fast, **settings})
        return ganzoo.train(**asked)

    return train


@pytest.mark.parametrize("by", ["features", "pixels"])
def test_a_copy_is_nearest_to_its_original(
    trained: Callable[..., TrainedRun], by: Literal["features", "pixels"]
) -> None:
    real = Neighborhood(trained(), by)
    assert len(real) == 10
    found, near = real.nearest(torch.stack([image(number) for number in range(10)]), count=3)
    assert [row[0].name for row in found] == NAMES
    assert [row[0].number for row in found] == list(range(10))
    assert near.shape == (10, 3, 3, 8, 8)
    for number, row in enumerate(found):
        assert row[0].distance == pytest.approx(0, abs=1e-3)
        assert row[0].distance < row[1].distance <= row[2].distance
        assert row[0].among_real == pytest.approx(row[1].distance, rel=1e-4)
        assert torch.equal(near[number, 0], image(number))
        assert torch.equal(near[number, 1], image(row[1].number))


def test_by_pixels_needs_no_extractor(trained: Callable[..., TrainedRun]) -> None:
    asked = {"extractor": "inception", "extractor.weights": "nowhere.pth"}
    run = trained(**asked)
    assert len(Neighborhood(run, "pixels")) == 10
    with pytest.raises(ganzoo.RequestError, match="inception needs the weights"):
        Neighborhood(run)


def test_a_distance_of_pixels_is_the_root_of_the_mean_square(
    trained: Callable[..., TrainedRun],
) -> None:
    made = image(4).int()
    made[0] += torch.where(made[0] < 128, 3, -3)  # of one channel of three
    (found,), _ = Neighborhood(trained(), "pixels").nearest(made[None].to(torch.uint8), count=1)
    assert found[0].name == NAMES[4]
    assert found[0].distance == pytest.approx(3**0.5, rel=1e-5)


def test_only_the_classes_of_the_run_are_looked_at(trained: Callable[..., TrainedRun]) -> None:
    real = Neighborhood(trained(**{"data.classes": "b"}), "pixels")
    (found,), _ = real.nearest(image(7)[None], count=99)
    assert [found[0].name, len(found)] == ["b/2.png", 5]
    assert {each.name[0] for each in found} == {"b"}


def test_a_limit_takes_images_from_all_over(trained: Callable[..., TrainedRun]) -> None:
    real = Neighborhood(trained(**{"evaluate.real": 2}), "pixels")
    (found,), _ = real.nearest(image(5)[None])
    assert [each.name for each in found] == ["b/0.png", "a/0.png"]


def test_a_lone_image_has_no_other(trained: Callable[..., TrainedRun]) -> None:
    (found,), _ = Neighborhood(trained(**{"evaluate.real": 1}), "pixels").nearest(image(0)[None])
    assert [each.among_real for each in found] == [None]


def test_features_of_real_images_are_kept(
    trained: Callable[..., TrainedRun], own_cache: Path
) -> None:
    run = trained()
    Neighborhood(run)
    (kept,) = (own_cache / "evaluation").glob("*.npy")
    before = kept.stat().st_mtime_ns
    Neighborhood(run)
    assert kept.stat().st_mtime_ns == before


def test_images_without_names_are_told_by_their_number(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"extractor": "random"}))
    (found,), _ = Neighborhood(run).nearest(run.generate(1), count=1)
    assert found[0].name == f"number {found[0].number}"


def test_they_are_as_small_as_the_stage_that_a_run_is_at(tiny: Arguments) -> None:
    growth = {"growth.fade_images": 0, "growth.stable_images": 10_000}
    more = {**growth, "extractor": "random"}
    run = ganzoo.train(**tiny(architecture="progressive", steps=1, settings=more))
    _, near = Neighborhood(run).nearest(run.generate(2), count=3)
    assert near.shape == (2, 3, 3, 4, 4)


def test_other_images_than_those_of_training_are_refused(
    trained: Callable[..., TrainedRun], folder: Path
) -> None:
    run = trained()
    (folder / "a" / "0.png").unlink()
    with pytest.raises(ganzoo.RequestError, match="was trained on other images, 10 "):
        Neighborhood(ganzoo.load(run.folder))

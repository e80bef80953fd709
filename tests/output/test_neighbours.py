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
from ganzoo.output.neighbours import Neighbourhood
from ganzoo.output.trained import TrainedRun

Arguments = Callable[..., dict[str, Any]]
NAMES = [f"{shelf}/{number}.png" for shelf in ("a", "b") for number in range(5)]


def pixels(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)


def picture(number: int) -> Tensor:
    return torch.from_numpy(pixels(number)).permute(2, 0, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures in two classes, and one in their midst that cannot be read."""
    for number, name in enumerate(NAMES):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(number)).save(path)
    (tmp_path / "pictures" / "a" / "2b.png").write_bytes(b"none")
    return tmp_path / "pictures"


@pytest.fixture
def trained(tiny: Arguments, folder: Path) -> Callable[..., TrainedRun]:
    """A run on these pictures; more settings can be added."""

    def train(**settings: Any) -> TrainedRun:
        of_folder = {"dataset.path": str(folder), "dataset.on_error": "skip"}
        fast = {"metrics.features": "random"}
        asked = tiny(dataset="image-folder", steps=1, settings={**of_folder, **fast, **settings})
        return ganzoo.train(**asked)

    return train


@pytest.mark.parametrize("by", ["features", "pixels"])
def test_a_copy_is_nearest_to_its_original(
    trained: Callable[..., TrainedRun], by: Literal["features", "pixels"]
) -> None:
    real = Neighbourhood(trained(), by)
    assert len(real) == 10
    found, near = real.nearest(torch.stack([picture(number) for number in range(10)]), count=3)
    assert [row[0].name for row in found] == NAMES
    assert [row[0].number for row in found] == list(range(10))
    assert near.shape == (10, 3, 3, 8, 8)
    for number, row in enumerate(found):
        assert row[0].distance == pytest.approx(0, abs=1e-3)
        assert row[0].distance < row[1].distance <= row[2].distance
        assert row[0].among_real == pytest.approx(row[1].distance, rel=1e-4)
        assert torch.equal(near[number, 0], picture(number))
        assert torch.equal(near[number, 1], picture(row[1].number))


def test_by_pixels_needs_no_extractor(trained: Callable[..., TrainedRun]) -> None:
    asked = {"metrics.features": "inception", "metrics.features.weights": "nowhere.pth"}
    run = trained(**asked)
    assert len(Neighbourhood(run, "pixels")) == 10
    with pytest.raises(ganzoo.RequestError, match="inception needs the weights"):
        Neighbourhood(run)


def test_a_distance_of_pixels_is_the_root_of_the_mean_square(
    trained: Callable[..., TrainedRun],
) -> None:
    made = picture(4).int()
    made[0] += torch.where(made[0] < 128, 3, -3)  # of one channel of three
    (found,), _ = Neighbourhood(trained(), "pixels").nearest(made[None].to(torch.uint8), count=1)
    assert found[0].name == NAMES[4]
    assert found[0].distance == pytest.approx(3**0.5, rel=1e-5)


def test_only_the_classes_of_the_run_are_looked_at(trained: Callable[..., TrainedRun]) -> None:
    real = Neighbourhood(trained(**{"data.classes": "b"}), "pixels")
    (found,), _ = real.nearest(picture(7)[None], count=99)
    assert [found[0].name, len(found)] == ["b/2.png", 5]
    assert {each.name[0] for each in found} == {"b"}


def test_a_limit_takes_pictures_from_all_over(trained: Callable[..., TrainedRun]) -> None:
    real = Neighbourhood(trained(**{"evaluate.real": 2}), "pixels")
    (found,), _ = real.nearest(picture(5)[None])
    assert [each.name for each in found] == ["b/0.png", "a/0.png"]


def test_a_lone_picture_has_no_other(trained: Callable[..., TrainedRun]) -> None:
    (found,), _ = Neighbourhood(trained(**{"evaluate.real": 1}), "pixels").nearest(picture(0)[None])
    assert [each.among_real for each in found] == [None]


def test_features_of_real_pictures_are_kept(
    trained: Callable[..., TrainedRun], own_cache: Path
) -> None:
    run = trained()
    Neighbourhood(run)
    (kept,) = (own_cache / "evaluation").glob("*.npy")
    before = kept.stat().st_mtime_ns
    Neighbourhood(run)
    assert kept.stat().st_mtime_ns == before


def test_pictures_without_names_are_told_by_their_number(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"metrics.features": "random"}))
    (found,), _ = Neighbourhood(run).nearest(run.generate(1), count=1)
    assert found[0].name == f"number {found[0].number}"


def test_they_are_as_small_as_the_stage_that_a_run_is_at(tiny: Arguments) -> None:
    growth = {"growth.fade_images": 0, "growth.stable_images": 10_000}
    more = {**growth, "metrics.features": "random"}
    run = ganzoo.train(**tiny(architecture="progressive", steps=1, settings=more))
    _, near = Neighbourhood(run).nearest(run.generate(2), count=3)
    assert near.shape == (2, 3, 3, 4, 4)


def test_other_pictures_than_those_of_training_are_refused(
    trained: Callable[..., TrainedRun], folder: Path
) -> None:
    run = trained()
    (folder / "a" / "0.png").unlink()
    with pytest.raises(ganzoo.RequestError, match="was trained on other pictures, 10 "):
        Neighbourhood(ganzoo.load(run.folder))

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
from ganzoo.output.neighbors import NearestNeighbors
from ganzoo.output.trained import TrainedRun

Arguments = Callable[..., dict[str, Any]]
NAMES = [f"{name}/{number}.png" for name in ("a", "b") for number in range(5)]


def pixels(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)


def image(number: int) -> Tensor:
    return torch.from_numpy(pixels(number)).permute(2, 0, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten images in two classes, and one file between them that is not an image."""
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
        kwargs = tiny(dataset="image-folder", steps=1, settings={**of_folder, **fast, **settings})
        return ganzoo.train(**kwargs)

    return train


@pytest.mark.parametrize("by", ["features", "pixels"])
def test_a_copy_is_nearest_to_its_original(
    trained: Callable[..., TrainedRun], by: Literal["features", "pixels"]
) -> None:
    real = NearestNeighbors(trained(), by)
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


def test_comparing_pixels_needs_no_extractor(trained: Callable[..., TrainedRun]) -> None:
    kwargs = {"extractor": "inception", "extractor.weights": "nowhere.pth"}
    run = trained(**kwargs)
    assert len(NearestNeighbors(run, "pixels")) == 10
    with pytest.raises(ganzoo.RequestError, match="inception needs the weights"):
        NearestNeighbors(run)


def test_the_distance_of_pixels_is_the_root_mean_square(
    trained: Callable[..., TrainedRun],
) -> None:
    changed = image(4).int()
    changed[0] += torch.where(changed[0] < 128, 3, -3)  # one of three channels
    (found,), _ = NearestNeighbors(trained(), "pixels").nearest(
        changed[None].to(torch.uint8), count=1
    )
    assert found[0].name == NAMES[4]
    assert found[0].distance == pytest.approx(3**0.5, rel=1e-5)


def test_only_the_classes_of_the_run_are_searched(trained: Callable[..., TrainedRun]) -> None:
    real = NearestNeighbors(trained(**{"data.classes": "b"}), "pixels")
    (found,), _ = real.nearest(image(7)[None], count=99)
    assert [found[0].name, len(found)] == ["b/2.png", 5]
    assert {each.name[0] for each in found} == {"b"}


def test_a_limited_number_of_images_is_spread_evenly(trained: Callable[..., TrainedRun]) -> None:
    real = NearestNeighbors(trained(**{"evaluate.real": 2}), "pixels")
    (found,), _ = real.nearest(image(5)[None])
    assert [each.name for each in found] == ["b/0.png", "a/0.png"]


def test_a_single_real_image_has_no_distance_among_real(trained: Callable[..., TrainedRun]) -> None:
    (found,), _ = NearestNeighbors(trained(**{"evaluate.real": 1}), "pixels").nearest(
        image(0)[None]
    )
    assert [each.among_real for each in found] == [None]


def test_features_of_real_images_are_cached(
    trained: Callable[..., TrainedRun], own_cache: Path
) -> None:
    run = trained()
    NearestNeighbors(run)
    (cached,) = (own_cache / "evaluation").glob("*.npy")
    before = cached.stat().st_mtime_ns
    NearestNeighbors(run)
    assert cached.stat().st_mtime_ns == before


def test_images_without_names_are_named_by_their_number(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"extractor": "random"}))
    (found,), _ = NearestNeighbors(run).nearest(run.generate(1), count=1)
    assert found[0].name == f"number {found[0].number}"


def test_neighbors_have_the_size_of_the_current_stage(tiny: Arguments) -> None:
    growth = {"growth.fade_images": 0, "growth.stable_images": 10_000}
    more = {**growth, "extractor": "random"}
    run = ganzoo.train(**tiny(architecture="progressive", steps=1, settings=more))
    _, near = NearestNeighbors(run).nearest(run.generate(2), count=3)
    assert near.shape == (2, 3, 3, 4, 4)


def test_images_that_differ_from_those_of_training_are_refused(
    trained: Callable[..., TrainedRun], folder: Path
) -> None:
    run = trained()
    (folder / "a" / "0.png").unlink()
    with pytest.raises(ganzoo.RequestError, match="was trained on other images, 10 "):
        NearestNeighbors(ganzoo.load(run.folder))

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import imaging
from ganzoo.contracts import Condition, ImageShape
from ganzoo.output.poster.history import cut, history, spread

SHAPE = ImageShape(3, 8, 6)


def test_steps_are_doubled() -> None:
    steps = list(range(0, 6401, 100))
    assert spread(steps, 5) == [0, 800, 1600, 3200, 6400]
    assert spread(steps, 1) == [6400]
    assert spread([0, 100, 250], 5) == [0, 100, 250]
    assert len(set(spread(steps, 20))) == 20
    assert spread([], 5) == []


def test_images_are_cut_out_of_a_grid() -> None:
    images = torch.randint(0, 255, (7, *SHAPE), dtype=torch.uint8)
    found = cut(imaging.grid(images), 7, SHAPE, None)
    assert found is not None
    assert torch.equal(torch.from_numpy(found).permute(0, 3, 1, 2), images)


@pytest.mark.parametrize("count", [12, 40])
def test_the_first_image_of_each_row_is_cut_out_of_a_grid_with_names(count: int) -> None:
    condition = Condition("class", ("rose", "a long name"))
    images = torch.randint(0, 255, (2, count // 2, *SHAPE), dtype=torch.uint8)
    lines = max(1, round((count // 2 / 2) ** 0.5))
    columns = count // 2 // lines
    images = images[:, : columns * lines]
    found = cut(imaging.class_grid(images, condition.names, columns), count, SHAPE, condition)
    assert found is not None
    assert torch.equal(torch.from_numpy(found).permute(0, 3, 1, 2), images[:, 0])


def test_a_grid_of_another_layout_is_skipped() -> None:
    images = torch.zeros(7, *SHAPE, dtype=torch.uint8)
    assert cut(imaging.grid(images), 30, SHAPE, None) is None
    condition = Condition("class", ("rose", "tulip"))
    assert cut(imaging.grid(images), 30, SHAPE, condition) is None


def test_a_history_has_the_images_of_the_sample_grids(
    tiny: Callable[..., dict[str, Any]], stopped: Callable[[Mapping[str, Any], int], Path]
) -> None:
    run = ganzoo.train(**tiny(settings={"sample.every": 1}))
    found = history(run, moments=3, count=2)
    assert [moment.step for moment in found] == [0, 1, 3]
    assert torch.equal(found[-1].images, run.generate(4, seed=run.run.seed)[:2])
    (run.folder / "samples" / "step-0000001.png").write_bytes(b"cut")
    assert [moment.step for moment in history(run, moments=3, count=2)] == [0, 3]
    assert history(run, moments=3, count=9) == []

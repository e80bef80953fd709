from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import Options, RequestError
from ganzoo.training.checkpoint import Checkpoints
from tests.program_objects import lines
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]
VECTOR = {"data.conditional": True, "dataset.condition": "vector"}


def test_a_condition_that_the_architecture_does_not_take_is_refused_before_training(
    tiny: Arguments, tmp_path: Any
) -> None:
    only_classes = ganzoo.ArchitectureSpec(
        name="mine", summary="Mine.", factory=lines, options=Options, conditions=("class",)
    )
    message = r"architecture mine takes class, not vector, and the images have 3 values \(petals,"
    with pytest.raises(RequestError, match=message):
        ganzoo.train(**{**tiny("run", "mine", settings=VECTOR), "architecture": only_classes})
    with pytest.raises(RequestError, match="architecture lines takes no condition, not class"):
        ganzoo.train(
            **{**tiny("run", "lines", settings={"data.conditional": True}), "architecture": lines}
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["classes", "balance"])
def test_values_cannot_be_chosen_or_balanced_like_classes(tiny: Arguments, key: str) -> None:
    value = "3 petals" if key == "classes" else True
    message = rf"data.{key}.*: the images have 3 values \(petals, hue, size\), not one class each"
    with pytest.raises(RequestError, match=message):
        ganzoo.train(**tiny(settings={**VECTOR, f"data.{key}": value}))


@pytest.mark.parametrize(
    "architecture",
    ["dcgan", "mlp", "growing-mlp", "progressive", "fully-convolutional", "stylegan2"],
)
def test_resuming_a_run_with_values_is_exact(tiny: Arguments, architecture: str) -> None:
    extra = {"architecture": architecture, "loss": "wgan-gp", "settings": VECTOR}
    straight = ganzoo.train(**tiny("straight", steps=4, **extra))
    halved = ganzoo.train(**tiny("halved", steps=2, **extra))
    ganzoo.resume(halved.folder, steps=4, quiet=True)
    states = [Checkpoints(run.folder / "checkpoints", 3).load() for run in (straight, halved)]
    assert same(*states)
    assert states[0]["frequencies"]["rows"].shape == (20, 3)


def test_values_are_generated_as_requested(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings=VECTOR))
    assert run.condition is not None
    assert run.condition.names == ("petals", "hue", "size")
    assert run.class_names == ()
    drawn = run.conditions(30, seed=1)
    given = run.conditions(30, seed=1, condition="hue=0.75")
    assert drawn is not None
    assert given is not None
    assert torch.equal(given[:, [0, 2]], drawn[:, [0, 2]])
    assert given[:, 1].unique().tolist() == [0.75]
    assert torch.equal(
        run.generate(3, condition={"petals": 5, "hue": 0.5, "size": 0.4}),
        run.generate(3, condition="petals=5,hue=0.5,size=0.4"),
    )
    assert not torch.equal(run.generate(3, condition="hue=0"), run.generate(3, condition="hue=1"))
    rows = run.generate_rows(5)
    assert rows.shape == (3, 5, 3, 8, 8)
    assert run.row_names == ("petals 3 ... 8", "hue 0 ... 1", "size 0.3 ... 0.46")
    with pytest.raises(RequestError, match="hue=2, which is not in 0 to 1"):
        run.generate(1, condition="hue=2")
    with pytest.raises(RequestError, match="remove one of them"):
        run.generate(1, class_name="rose", condition="hue=1")


def test_the_grid_of_a_run_with_values_has_a_named_row_per_value(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings={**VECTOR, "sample.count": 15}))
    grid = ganzoo.imaging.class_grid(run.generate_rows(5), run.row_names, columns=5)
    from PIL import Image

    with Image.open(run.folder / "samples" / "step-0000003.png") as file:
        assert file.size == (grid.shape[1], grid.shape[0])


def test_a_run_with_other_values_is_not_resumed(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(settings=VECTOR))
    with pytest.raises(RequestError, match=r"with 3 values \(petals, hue, size\); these are"):
        ganzoo.resume(run.folder, steps=5, quiet=True, settings={"dataset.condition": "class"})

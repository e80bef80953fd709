from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo.output.projection import Projector, prepared
from ganzoo.output.trained import TrainedRun
from ganzoo.training.sampling import ClassFrequencies, draw, latents_of

Arguments = Callable[..., dict[str, Any]]


class Window(ganzoo.Generator):
    """Latents are pixels; a label of 1 turns them to their negative."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5), requires_grad=False)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 1, 4, 4, generator=random)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        sign = 1 if labels is None else 1 - 2 * labels[:, None, None, None]
        return sign * (self.weight * latents).tanh()


@pytest.fixture
def window(tiny: Arguments) -> TrainedRun:
    """A run whose generator can make any image."""
    run = ganzoo.train(**tiny(architecture="mlp", steps=1))
    run.generator = Window()
    return run


def test_what_a_generator_can_make_is_found(window: TrainedRun) -> None:
    latents = latents_of(window.generator, [999], seed=7)
    image = draw(window.generator, latents)[0]
    found = Projector(window, steps=300)(image)
    assert found.distance < 6 < 40 < found.random_distance
    assert torch.allclose(found.latents, latents[0], atol=0.4)
    assert torch.equal(found.image, draw(window.generator, found.latents[None])[0])
    assert found.label is None


def test_more_steps_come_nearer(window: TrainedRun) -> None:
    image = draw(window.generator, latents_of(window.generator, [999], seed=7))[0]
    few, many = (Projector(window, steps)(image).distance for steps in (5, 100))
    assert many < few


def test_latents_stay_about_as_long_as_usual(window: TrainedRun) -> None:
    white = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    found = Projector(window, steps=300)(white)
    assert 1 < found.length < 2  # without the prior, they would grow for ever
    assert found.length == pytest.approx(found.latents.square().mean().sqrt().item(), abs=0.1)


def test_the_same_seed_finds_the_same_whatever_else_is_projected(window: TrainedRun) -> None:
    first, second = window.generator.sample_latents(2, torch.Generator().manual_seed(1))
    images = draw(window.generator, torch.stack([first, second]))
    projector = Projector(window, steps=10, seed=3)
    projector(images[0])
    again, alone = projector(images[1]), Projector(window, steps=10, seed=3)(images[1])
    other = Projector(window, steps=10, seed=4)(images[1])
    assert torch.equal(again.latents, alone.latents)
    assert not torch.equal(again.latents, other.latents)
    assert astuple(again)[2:] == astuple(alone)[2:]


def test_each_step_is_told(window: TrainedRun) -> None:
    steps: list[None] = []
    image = torch.zeros(1, 4, 4, dtype=torch.uint8)
    Projector(window, steps=7)(image, lambda: steps.append(None))
    assert len(steps) == 7


def test_the_class_is_found_too_unless_it_is_named(window: TrainedRun) -> None:
    window.conditional, window.class_names = True, ("as it is", "negative")
    window.frequencies = ClassFrequencies([1, 1])
    labels = window.labels(256, seed=0)
    assert labels is not None
    number = int(labels.nonzero()[-1])  # one of the candidates, which is a 1
    latents = latents_of(window.generator, [number], seed=0)
    image = draw(window.generator, latents, torch.tensor([1]))[0]
    assert Projector(window, steps=5)(image).label == 1
    assert Projector(window, steps=5, class_name="as it is")(image).label == 0
    with pytest.raises(ganzoo.RequestError, match="no class called positive"):
        Projector(window, class_name="positive")


def test_an_image_is_prepared_as_the_run_prepares_its_own(tiny: Arguments, tmp_path: Path) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"data.channels": 1}))
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 10:30] = 255  # the middle is what a crop leaves
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    image = prepared(run, tmp_path / "wide.png")
    assert (image.shape, image.dtype) == ((1, 8, 8), torch.uint8)
    assert (image == 255).all()


def test_an_image_is_as_small_as_the_stage_that_a_run_is_at(
    tiny: Arguments, tmp_path: Path
) -> None:
    growth = {"growth.fade_images": 0, "growth.stable_images": 10_000}
    run = ganzoo.train(**tiny(architecture="progressive", steps=1, settings=growth))
    Image.new("RGB", (30, 30), "red").save(tmp_path / "red.png")
    image = prepared(run, tmp_path / "red.png")
    assert image.shape == (3, 4, 4)
    assert Projector(run, steps=2)(image).image.shape == (3, 4, 4)

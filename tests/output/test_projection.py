from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo import imaging
from ganzoo.output.image_vectors import FeatureVectors
from ganzoo.output.projection import Projector, prepare_image
from ganzoo.output.projection_video import way_frames
from ganzoo.output.trained import TrainedRun
from ganzoo.training.sampling import ConditionFrequencies, images_from_latents, latents_of

Arguments = Callable[..., dict[str, Any]]


class LatentPixels(ganzoo.Generator):
    """Latents are the pixels; a label of 1 inverts them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5), requires_grad=False)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 1, 4, 4, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        sign = 1 if condition is None else 1 - 2 * condition[:, None, None, None]
        return sign * (self.weight * latents).tanh()


@pytest.fixture
def trained(tiny: Arguments) -> TrainedRun:
    """A run whose generator can make any image."""
    run = ganzoo.train(**tiny(architecture="mlp", steps=1))
    run.generator = LatentPixels()
    return run


def test_the_latents_of_a_generated_image_are_found(trained: TrainedRun) -> None:
    latents = latents_of(trained.generator, [999], seed=7)
    image = images_from_latents(trained.generator, latents)[0]
    found = Projector(trained, steps=300)(image)
    assert found.distance < 6 < 40 < found.random_distance
    assert torch.allclose(found.point, latents[0], atol=0.4)
    assert torch.equal(found.image, images_from_latents(trained.generator, found.point[None])[0])
    assert found.condition is None


def test_more_steps_reduce_the_distance(trained: TrainedRun) -> None:
    image = images_from_latents(trained.generator, latents_of(trained.generator, [999], seed=7))[0]
    few, many = (Projector(trained, steps)(image).distance for steps in (5, 100))
    assert many < few


def test_the_prior_limits_the_length_of_the_latents(trained: TrainedRun) -> None:
    white = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    found = Projector(trained, steps=300)(white)
    assert 1 < found.length < 2  # without the prior, they grow without limit
    assert found.length == pytest.approx(found.point.square().mean().sqrt().item(), abs=0.1)


def test_a_projection_depends_on_the_seed_and_the_image_alone(trained: TrainedRun) -> None:
    first, second = trained.generator.sample_latents(2, torch.Generator().manual_seed(1))
    images = images_from_latents(trained.generator, torch.stack([first, second]))
    projector = Projector(trained, steps=10, seed=3)
    projector(images[0])
    again, alone = projector(images[1]), Projector(trained, steps=10, seed=3)(images[1])
    other = Projector(trained, steps=10, seed=4)(images[1])
    assert torch.equal(again.point, alone.point)
    assert not torch.equal(again.point, other.point)
    assert (again.distance, again.length) == (alone.distance, alone.length)


def test_on_step_is_called_after_each_step(trained: TrainedRun) -> None:
    steps: list[None] = []
    image = torch.zeros(1, 4, 4, dtype=torch.uint8)
    Projector(trained, steps=7)(image, lambda: steps.append(None))
    assert len(steps) == 7


def test_the_class_is_searched_for_unless_it_is_named(trained: TrainedRun) -> None:
    trained.condition = ganzoo.Condition("class", ("positive", "negative"))
    trained.frequencies = ConditionFrequencies([1, 1])
    labels = trained.conditions(256, seed=0)
    assert labels is not None
    number = int(labels.nonzero()[-1])  # one of the candidates, which is a 1
    latents = latents_of(trained.generator, [number], seed=0)
    image = images_from_latents(trained.generator, latents, torch.tensor([1]))[0]
    for class_name, expected in ((None, "negative"), ("positive", "positive")):
        projector = Projector(trained, steps=5, class_name=class_name)
        assert projector.text(projector(image)) == expected
    with pytest.raises(ganzoo.RequestError, match="no class called neutral"):
        Projector(trained, class_name="neutral")


def test_an_image_is_prepared_like_the_images_of_the_run(tiny: Arguments, tmp_path: Path) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"data.channels": 1}))
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 10:30] = 255  # a crop keeps the middle
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    image = prepare_image(run, tmp_path / "wide.png")
    assert (image.shape, image.dtype) == ((1, 8, 8), torch.uint8)
    assert (image == 255).all()


def test_an_image_has_the_size_of_the_current_stage(tiny: Arguments, tmp_path: Path) -> None:
    growth = {"growth.fade_images": 0, "growth.stable_images": 10_000}
    run = ganzoo.train(**tiny(architecture="progressive", steps=1, settings=growth))
    Image.new("RGB", (30, 30), "red").save(tmp_path / "red.png")
    image = prepare_image(run, tmp_path / "red.png")
    assert image.shape == (3, 4, 4)
    assert Projector(run, steps=2)(image).image.shape == (3, 4, 4)


class Mapped(LatentPixels):
    """The intermediate latents are ten times the latents plus 3; large ones are dark."""

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return 10 * latents + 3

    def synthesize(self, intermediate: Tensor) -> Tensor:
        return (self.weight * (intermediate - 3) / 10).tanh()

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.synthesize(self.map(latents, condition))


def test_intermediate_latents_are_found_in_their_own_scale(trained: TrainedRun) -> None:
    trained.generator = Mapped()
    latents = latents_of(trained.generator, [999], seed=7)
    found = Projector(trained, steps=300)(images_from_latents(trained.generator, latents)[0])
    assert found.distance < 6
    assert torch.allclose(found.point, 10 * latents[0] + 3, atol=4)
    assert 0.7 < found.length < 1.3


def test_intermediate_latents_start_at_their_mean_too(trained: TrainedRun) -> None:
    trained.generator = Mapped()
    gray = torch.full((1, 4, 4), 128, dtype=torch.uint8)  # the image of the mean
    found = Projector(trained, steps=1, starts=1, frames=1)(gray)
    assert torch.allclose(found.way[0], torch.tensor(3.0), atol=1.5)
    trained.generator = LatentPixels()
    from_candidate = Projector(trained, steps=1, starts=1, frames=1)(gray)
    assert from_candidate.way[0].std() > 0.3


def test_more_starts_are_not_worse(trained: TrainedRun) -> None:
    image = images_from_latents(trained.generator, latents_of(trained.generator, [999], seed=7))[0]
    losses = [Projector(trained, 3, starts=starts)(image).distance for starts in (1, 16)]
    assert losses[1] <= losses[0]


def test_the_way_goes_from_the_start_to_the_found_point(trained: TrainedRun) -> None:
    image = torch.zeros(1, 4, 4, dtype=torch.uint8)
    for steps, frames, expected in ((10, 5, 6), (3, 60, 4), (10, 0, 1)):
        found = Projector(trained, steps, frames=frames)(image)
        assert len(found.way) == expected
        assert torch.equal(found.way[-1], found.point)
    found = Projector(trained, 10, frames=5)(image)
    frames_ = list(way_frames(Projector(trained).space, [image, image], [found, found]))
    assert len(frames_) == 6 + 20
    assert frames_[0].size == frames_[-1].size == (2 * 130 + 2, 2 * 130 + 2)
    last = frames_[-1].convert("L").getpixel((132 + 1, 2 + 1))
    assert last == found.image[0, 0, 0]


def test_features_are_minimized_too(trained: TrainedRun) -> None:
    image = images_from_latents(trained.generator, latents_of(trained.generator, [999], seed=7))[0]
    features = FeatureVectors(trained.run, "random")
    projector = Projector(trained, 40, starts=1, frames=1, features=features)
    found = projector(image)
    start = projector.space.pixels(found.way[:1])[0]
    before, after, target = features(imaging.from_uint8(torch.stack([start, found.image, image])))
    assert found.feature_distance is not None
    assert found.feature_distance < float((before - target).square().sum()) / 2
    assert found.feature_distance == pytest.approx(float((after - target).square().sum()), rel=1e-3)


def test_the_references_are_a_generated_image_and_noise(trained: TrainedRun) -> None:
    projector = Projector(trained, steps=100)
    found = {name: projector(image).distance for name, image in projector.references.items()}
    assert torch.equal(projector.references["generated"], trained.generate(257)[-1])
    assert list(found) == ["generated", "noise"]
    assert found["generated"] < found["noise"]
    again, other = Projector(trained), Projector(trained, seed=1)
    assert torch.equal(again.references["noise"], projector.references["noise"])
    assert not torch.equal(other.references["noise"], projector.references["noise"])

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.output.truncation import TruncatedGenerator, mean_latent, truncated
from ganzoo.output.walk import keyframe_latents
from ganzoo.training.sampling import latents_of

Arguments = Callable[..., dict[str, Any]]


class Shifted(ganzoo.Generator):
    """The images are the latents, which are uniform in [2, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return 2 + 2 * torch.rand(n, 1, 2, 2, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.weight * latents


def test_latents_are_interpolated_towards_a_mean_that_is_not_zero() -> None:
    generator = Shifted()
    mean = mean_latent(generator)
    assert mean.shape == (1, 1, 2, 2)
    assert torch.allclose(mean, torch.tensor(3.0), atol=0.05)
    full, truncated = (
        latents_of(g, range(9), 5) for g in (generator, TruncatedGenerator(generator, 0.25))
    )
    assert torch.allclose(truncated - mean, 0.25 * (full - mean), atol=1e-6)
    assert truncated.dtype == full.dtype


def test_the_mean_latent_is_deterministic() -> None:
    assert torch.equal(mean_latent(Shifted()), mean_latent(Shifted()))


def test_a_walk_of_truncated_latents_starts_with_the_truncated_images() -> None:
    generator = TruncatedGenerator(Shifted(), 0.5)
    assert torch.equal(
        keyframe_latents(generator, 2, 3, seed=4)[0], latents_of(generator, range(3), 4)
    )


def test_truncation_1_changes_nothing(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    assert run.truncated(1.0) is run.generator
    assert torch.equal(run.generate(70, seed=3), run.generate(70, seed=3, truncation=1.0))


def test_truncated_images_depend_on_the_seed_and_their_number_alone(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    few, many = (run.generate(n, seed=3, truncation=0.5) for n in (4, 9))
    assert (few.int() - many[:4].int()).abs().max() <= 1  # sums may round by the batch
    assert not torch.equal(many, run.generate(9, seed=3))


def test_images_are_less_diverse_with_smaller_truncation(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny())
    spreads = [run.generate(40, truncation=psi).float().std(0).mean() for psi in (0.1, 0.6, 1.0)]
    assert spreads[0] < spreads[1] < spreads[2]


def test_truncation_out_of_bounds_is_refused(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1))
    for truncation in (0.0, -0.5, 1.01, float("nan")):
        with pytest.raises(ganzoo.RequestError, match="above 0 and at most 1"):
            run.generate(1, truncation=truncation)


class Mapped(Shifted):
    """Intermediate latents are squared latents plus the class; images are intermediate latents."""

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        w = self.weight * latents.square()
        return w if condition is None else w + condition[:, None, None, None]

    def synthesize(self, intermediate: Tensor) -> Tensor:
        return intermediate

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.synthesize(self.map(latents, condition))


def test_intermediate_latents_are_truncated_if_there_are_some() -> None:
    generator = Mapped()
    nearer = truncated(generator, 0.25)
    latents = latents_of(nearer, range(9), 5)
    assert torch.equal(latents, latents_of(generator, range(9), 5))
    mean = 28 / 3  # of the square of a uniform number in [2, 4]
    expected = mean + 0.25 * (generator(latents) - mean)
    assert torch.allclose(nearer(latents), expected, atol=0.25)
    assert isinstance(nearer, ganzoo.MappingGenerator)
    assert torch.equal(nearer.synthesize(nearer.map(latents)), nearer(latents))


def test_an_image_is_truncated_towards_the_mean_of_its_own_condition() -> None:
    nearer = truncated(Mapped(), 1e-6)
    latents = latents_of(nearer, range(3), 5)
    condition = torch.tensor([0, 50, 0])
    images = nearer(latents, condition)
    assert torch.allclose(images - condition[:, None, None, None], torch.tensor(28 / 3), atol=0.3)
    assert torch.equal(nearer(latents[1:2], condition[1:2]), images[1:2])


@pytest.mark.parametrize("conditional", [False, True])
def test_stylegan2_is_truncated_in_the_intermediate_space(
    tiny: Arguments, conditional: bool
) -> None:
    settings = {"data.conditional": conditional}
    run = ganzoo.train(**tiny(architecture="stylegan2", steps=1, settings=settings))
    full = run.generate(40, seed=3)
    half, none = (run.generate(40, seed=3, truncation=psi) for psi in (0.5, 1e-6))
    assert half.float().std(0).mean() < full.float().std(0).mean()
    labels = run.conditions(40, 3) if conditional else torch.zeros(40)
    assert labels is not None
    means = [none[labels == label].int() for label in labels.unique()]
    assert all((images - images[0]).abs().max() <= 1 for images in means)
    assert all((images[0] - means[0][0]).abs().max() > 1 for images in means[1:])
    assert torch.equal(run.generate(2, seed=3, truncation=0.5), half[:2])

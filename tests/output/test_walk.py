from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ganzoo.contracts import Generator
from ganzoo.imaging import enlarged, grid
from ganzoo.output.walk import slerp, stations, walk
from ganzoo.training.sampling import make_images


class Painter(Generator):
    """Latents of shape (2, 3), each of which is a pixel; a label makes the image darker."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images = (self.weight * latents / 3)[:, None].expand(-1, self.channels, -1, -1)
        return images if labels is None else images - labels[:, None, None, None]

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 2, 3, generator=random)


def some(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors.flatten(1)).view_as(vectors)


@pytest.mark.parametrize("shape", [(5, 100), (5, 3, 4, 4), (5, 1)])
def test_slerp_begins_and_ends_exactly(shape: tuple[int, ...]) -> None:
    a, b = some(*shape), some(*shape, seed=1)
    assert torch.equal(slerp(a, b, 0), a)
    assert torch.equal(slerp(a, b, 1), b)
    assert slerp(a, b, 0.3).dtype == torch.float32


def test_slerp_stays_on_the_sphere_and_goes_at_an_even_speed() -> None:
    a, b = unit(some(5, 8)), unit(some(5, 8, seed=1))
    points = [slerp(a, b, k / 10) for k in range(11)]
    for point in points:
        assert torch.allclose(point.norm(dim=1), torch.ones(5))
    legs = torch.stack([(q - p).norm(dim=1) for p, q in itertools.pairwise(points)])
    assert torch.allclose(legs, legs[0].expand_as(legs), atol=1e-6)


def test_slerp_is_the_known_value_between_axes() -> None:
    east, north = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    expected = 0.5**0.5 * (east + north)
    assert torch.allclose(slerp(east, north, 0.5), expected)


@pytest.mark.parametrize("factor", [1.0, 3.0, 1 + 1e-7, -1.0, 0.0])
def test_slerp_of_parallel_vectors_is_linear(factor: float) -> None:
    a = some(4, 6)
    expected = torch.lerp(a, factor * a, 0.25)
    if factor:
        assert torch.allclose(slerp(a, factor * a, 0.25), expected, atol=1e-6)
    assert slerp(a, factor * a, 0.25).isfinite().all()


def test_a_walk_begins_with_the_images_of_its_seed() -> None:
    generator = Painter()
    first = next(walk(generator, stations(generator, 3, count=4, seed=7), frames=2))
    sheet = grid(enlarged(make_images(generator, 4, seed=7), factor=63))
    assert sheet.shape == (258, 384, 1)  # with a factor of 62, less than 256
    assert first.size == (384, 258)
    assert first.convert("L").tobytes() == sheet.tobytes()


def test_a_station_follows_from_the_seed_and_its_numbers_alone() -> None:
    generator = Painter()
    few, many = stations(generator, 2, 3, seed=5), stations(generator, 4, 9, seed=5)
    for j, latents in enumerate(few):
        assert torch.equal(latents, many[j][:3])
    seen = [*torch.cat(many), *torch.cat(stations(generator, 4, 9, seed=6))]
    assert len({tuple(latent.flatten().tolist()) for latent in seen}) == 72


def test_a_walk_can_be_made_again_frame_by_frame() -> None:
    generator = Painter()
    once, again = (list(walk(generator, stations(generator, 3, 2, 0), 2)) for _ in range(2))
    assert once == again
    assert len(once) == len({frame.tobytes() for frame in once}) == 6


def test_a_walk_comes_back_without_a_jump() -> None:
    generator = Painter()
    passing = stations(generator, 3, 1, seed=0)
    seen: list[Tensor] = []
    generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frames = list(walk(generator, passing, frames=10))
    assert len(frames) == 30
    for j, station in enumerate(passing):
        assert torch.equal(seen[10 * j], station)
    assert torch.equal(slerp(passing[-1], passing[0], 10 / 10), seen[0])
    strides = [float((q - p).norm()) for p, q in itertools.pairwise([*seen, seen[0]])]
    assert strides[-1] == pytest.approx(strides[-2], rel=0.2)


def test_labels_reach_the_generator() -> None:
    generator = Painter()
    passing = stations(generator, 2, 2, seed=0)
    plain = next(walk(generator, passing, 1))
    assert next(walk(generator, passing, 1, torch.tensor([0, 0]))) == plain
    assert next(walk(generator, passing, 1, torch.tensor([0, 1]))) != plain


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_images_of_any_number_of_channels_can_walk(channels: int) -> None:
    generator = Painter(channels)
    (frame, _) = walk(generator, stations(generator, 2, 1, 0), 1)
    assert frame.mode == "RGB"
    assert min(frame.size) >= 256

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.output.latent_space import LatentSpace, slerp
from ganzoo.output.saved_latents import SavedLatents
from ganzoo.testing.fixtures import TinyRun
from tests.conftest import SMALL


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors.flatten(1)).view_as(vectors)


@pytest.mark.parametrize("shape", [(5, 100), (5, 3, 4, 4), (5, 1)])
def test_slerp_starts_and_ends_exactly(shape: tuple[int, ...]) -> None:
    a, b = normal(*shape), normal(*shape, seed=1)
    assert torch.equal(slerp(a, b, 0), a)
    assert torch.equal(slerp(a, b, 1), b)
    assert slerp(a, b, 0.3).dtype == torch.float32


def test_slerp_stays_on_the_sphere_at_constant_speed() -> None:
    a, b = unit(normal(5, 8)), unit(normal(5, 8, seed=1))
    points = [slerp(a, b, k / 10) for k in range(11)]
    for point in points:
        assert torch.allclose(point.norm(dim=1), torch.ones(5))
    strides = torch.stack([(q - p).norm(dim=1) for p, q in itertools.pairwise(points)])
    assert torch.allclose(strides, strides[0].expand_as(strides), atol=1e-6)


def test_slerp_between_two_axes() -> None:
    east, north = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    expected = 0.5**0.5 * (east + north)
    assert torch.allclose(slerp(east, north, 0.5), expected)


@pytest.mark.parametrize("factor", [1.0, 3.0, 1 + 1e-7, -1.0, 0.0])
def test_slerp_of_parallel_vectors_is_linear(factor: float) -> None:
    a = normal(4, 6)
    expected = torch.lerp(a, factor * a, 0.25)
    if factor:
        assert torch.allclose(slerp(a, factor * a, 0.25), expected, atol=1e-6)
    assert slerp(a, factor * a, 0.25).isfinite().all()


@pytest.mark.parametrize("architecture", ["mlp", "stylegan2"])
def test_the_pixels_of_points_are_the_generated_images(
    architecture: str, tiny_run: TinyRun
) -> None:
    run = tiny_run(architecture=architecture, settings=SMALL[architecture])
    space = LatentSpace(run.generator)
    points = space.points(run.latents(70))
    pixels = space.pixels(points)
    assert len(pixels) == 70
    # Sums in a batch of another size may be rounded differently.
    assert (pixels[:3].int() - run.generate(3).int()).abs().max() <= 1
    assert space.name == ("intermediate" if architecture == "stylegan2" else "latents")


def test_saved_latents_are_read_as_written(tmp_path: Path) -> None:
    saved = SavedLatents("latents", normal(2, 5), torch.tensor([3, 1]), {"source": "run"})
    saved.save(tmp_path / "two.safetensors")
    read = SavedLatents.read(tmp_path / "two.safetensors")
    assert (read.space, read.notes) == ("latents", {"source": "run"})
    assert torch.equal(read.points, saved.points)
    assert read.conditions is not None
    assert torch.equal(read.conditions, torch.tensor([3, 1]))


@pytest.mark.parametrize("content", [b"", b"cut", b"x" * 100])
def test_a_damaged_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(content)
    with pytest.raises(ganzoo.RequestError, match=r"cut\.safetensors"):
        SavedLatents.read(path)

from __future__ import annotations

import pytest
import torch

from ganzoo import layer_noise
from ganzoo.batch_rows import batches_in_one_pass
from ganzoo.noise import NoiseSource, noise_from
from ganzoo.shard import Shard

CPU = torch.device("cpu")


def source(rank: int = 0, count: int = 1, seed: int = 3) -> NoiseSource:
    return NoiseSource(lambda: torch.Generator().manual_seed(seed), Shard(rank, count))


def drawn(*shapes: tuple[int, ...], rank: int = 0, count: int = 1) -> list[torch.Tensor]:
    with noise_from(source(rank, count)):
        return [layer_noise(*shape, device=CPU) for shape in shapes]


@pytest.mark.parametrize("count", [2, 3])
def test_the_rows_of_all_processes_are_those_of_one_process(count: int) -> None:
    whole = drawn((6, 1, 4, 4), (6, 2))
    parts = [
        drawn((6 // count, 1, 4, 4), (6 // count, 2), rank=rank, count=count)
        for rank in range(count)
    ]
    for number, noise in enumerate(whole):
        assert torch.equal(torch.cat([part[number] for part in parts]), noise)


def test_each_layer_and_each_image_gets_other_noise() -> None:
    one, two = drawn((4, 8), (4, 8))
    assert len({tuple(row.tolist()) for row in torch.cat((one, two))}) == 8


def test_noise_is_normal() -> None:
    (noise,) = drawn((100, 100))
    assert noise.mean().abs() < 0.03
    assert noise.std().item() == pytest.approx(1, abs=0.03)


def test_outside_of_an_update_the_global_generator_draws() -> None:
    torch.manual_seed(5)
    expected = torch.randn(2, 3)
    with noise_from(source()):
        pass
    torch.manual_seed(5)
    assert torch.equal(layer_noise(2, 3, device=CPU), expected)


def test_batches_in_one_pass_have_the_noise_of_each_for_any_number_of_processes() -> None:
    def both(rank: int, count: int) -> torch.Tensor:
        with noise_from(source(rank, count)), batches_in_one_pass(2):
            return layer_noise(2 * 6 // count, 3, device=CPU)

    first, second = both(0, 1).chunk(2)
    assert torch.equal(torch.cat((first, second)), torch.cat(drawn((6, 3), (6, 3))))
    parts = [both(rank, 2).chunk(2) for rank in range(2)]
    assert torch.equal(torch.cat([part[0] for part in parts]), first)
    assert torch.equal(torch.cat([part[1] for part in parts]), second)


def test_outside_an_update_batches_in_one_pass_get_noise_too() -> None:
    with batches_in_one_pass(2):
        assert layer_noise(4, 3, device=CPU).shape == (4, 3)

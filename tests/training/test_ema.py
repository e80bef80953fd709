from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Generator
from ganzoo.sections import EmaOptions
from ganzoo.training.ema import Ema
from ganzoo.training.sampling import ConditionFrequencies


class Small(Generator):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images: Tensor = self.norm(self.layer(latents))
        return images

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, 2, generator=random)


def shift(generator: Small, amount: float) -> None:
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(amount)


def test_after_the_half_life_old_weights_count_half() -> None:
    generator = Small()
    ema = Ema(generator, EmaOptions(half_life=100, rampup=0))
    before = generator.layer.bias.detach().clone()
    shift(generator, 1.0)
    for step in range(1, 11):
        ema.update(images_generated=10 * step, batch_size=10)
    averaged = ema.generator.get_parameter("layer.bias")
    torch.testing.assert_close(averaged, before + 0.5)


@pytest.mark.parametrize(
    ("made", "decay"), [(100, 0.5 ** (10 / 5)), (1_000_000, 0.5 ** (10 / 100)), (0, 0.0)]
)
def test_the_half_life_ramps_up(made: int, decay: float) -> None:
    ema = Ema(Small(), EmaOptions(half_life=100, rampup=0.05))
    assert ema.decay(made, batch_size=10) == pytest.approx(decay)


def test_the_option_decay_replaces_the_half_life() -> None:
    assert Ema(Small(), EmaOptions(decay=0.999)).decay(images_generated=10, batch_size=64) == 0.999


def test_with_a_half_life_of_zero_the_weights_are_copied() -> None:
    generator = Small()
    ema = Ema(generator, EmaOptions(half_life=0))
    shift(generator, 3.0)
    ema.update(images_generated=10, batch_size=10)
    for averaged, weight in zip(ema.generator.parameters(), generator.parameters(), strict=True):
        assert torch.equal(averaged, weight)


def test_buffers_are_copied() -> None:
    generator = Small()
    ema = Ema(generator, EmaOptions())
    generator(torch.randn(8, 2))
    ema.update(images_generated=8, batch_size=8)
    for averaged, buffer in zip(ema.generator.buffers(), generator.buffers(), strict=True):
        assert torch.equal(averaged, buffer)


def test_batch_statistics_are_those_of_the_averaged_weights() -> None:
    torch.manual_seed(0)
    generator = Small()
    ema = Ema(generator, EmaOptions())
    with torch.no_grad():
        generator.layer.bias.add_(5.0)
    generator(torch.randn(64, 2))
    # Copies the weights, with statistics that moved a tenth of the way.
    ema.update(images_generated=0, batch_size=1)
    ema.update_batch_statistics()
    made = ema.generator(ema.generator.sample_latents(4096, torch.Generator().manual_seed(1)))
    torch.testing.assert_close(made.mean(0), torch.zeros(2), atol=0.2, rtol=0)
    torch.testing.assert_close(made.std(0), torch.ones(2), atol=0.2, rtol=0)
    first_buffers = [buffer.clone() for buffer in ema.generator.buffers()]
    ema.statistics_are_current = False
    ema.update_batch_statistics()
    for first, second in zip(first_buffers, ema.generator.buffers(), strict=True):
        assert torch.equal(first, second)


def test_batch_statistics_of_another_generator_are_those_of_its_averaged_weights() -> None:
    torch.manual_seed(0)
    generator, back, plain = Small(), Small(), nn.Linear(2, 2)
    ema = Ema(generator, EmaOptions(half_life=0), others={"back": back, "plain": plain})
    with torch.no_grad():
        back.layer.bias.add_(5.0)
    ema.update(images_generated=10, batch_size=10)
    ema.update_batch_statistics()
    averaged = ema.networks["back"]
    assert isinstance(averaged, Small)
    assert torch.equal(averaged.layer.weight, back.layer.weight)
    made = averaged.layer(averaged.sample_latents(4096, torch.Generator().manual_seed(1)))
    torch.testing.assert_close(averaged.norm.running_mean, made.mean(0), atol=0.2, rtol=0)
    assert list(ema.networks) == ["generator", "back", "plain"]


class Shifted(Small):
    """Activations of 10 in the second class, and about 0 in the first."""

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        assert condition is not None
        images: Tensor = self.norm(0.01 * latents + 10.0 * condition[:, None])
        return images


def test_batch_statistics_use_the_class_frequencies_of_training() -> None:
    ema = Ema(Shifted(), EmaOptions(), frequencies=ConditionFrequencies([15, 1]))
    ema.update(images_generated=8, batch_size=8)
    ema.update_batch_statistics()
    mean = ema.generator.get_buffer("norm.running_mean")
    torch.testing.assert_close(mean, torch.full((2,), 10 / 16), atol=0.1, rtol=0)


def test_initial_weights_use_one_batch_and_progress_is_reported() -> None:
    progress: list[tuple[str, int, int]] = []
    ema = Ema(Small(), EmaOptions(), progress=lambda *what: progress.append(what))
    ema.update_batch_statistics()
    assert [(done, total) for _, done, total in progress] == [(0, 1)]
    assert ema.generator.get_buffer("norm.running_var").ne(1).all()
    progress.clear()
    ema.update_batch_statistics()
    assert progress == []
    ema.update(images_generated=8, batch_size=8)
    ema.update_batch_statistics()
    assert [done for _, done, _ in progress] == list(range(len(progress)))
    assert len(progress) > 1


def test_the_ema_generator_is_in_evaluation_mode_without_gradients() -> None:
    ema = Ema(Small(), EmaOptions())
    assert not ema.generator.training
    assert not any(parameter.requires_grad for parameter in ema.generator.parameters())

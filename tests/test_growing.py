from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import GrowingDiscriminator, GrowingGenerator, ImageShape

IMAGE = ImageShape(1, 16, 16)


class Times(nn.Module):
    """Multiplies by one weight."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class Doubling(Times):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).repeat_interleave(2, 2).repeat_interleave(2, 3)


class Halving(Times):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(super().forward(x), 2)


class Maker(GrowingGenerator):
    def __init__(self) -> None:
        stages = IMAGE.halved_shapes()
        super().__init__(
            stages, [Times(2.0), Doubling(3.0), Doubling(5.0)], map(Times, (1.0, 7.0, 11.0))
        )
        self.own = Times(13.0)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 4, 4, generator=random)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.grown(self.own(latents))


class Judge(GrowingDiscriminator):
    def __init__(self) -> None:
        stages = IMAGE.halved_shapes()
        super().__init__(
            stages, [Times(2.0), Halving(3.0), Halving(5.0)], map(Times, (1.0, 7.0, 11.0))
        )
        self.own = Times(13.0)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.own(self.grown(images)).mean(dim=(1, 2, 3))
        return scores


def test_a_generator_goes_from_its_blocks_through_the_stages_door() -> None:
    maker, ones = Maker(), torch.ones(2, 1, 4, 4)
    factors = {(0, 1.0): 13 * 2 * 1, (1, 1.0): 13 * 2 * 3 * 7, (2, 1.0): 13 * 2 * 3 * 5 * 11}
    for (stage, fade), factor in factors.items():
        maker.grow(stage, fade)
        made = maker(ones)
        assert made.shape == (2, *maker.stages[stage])
        assert (made == factor).all()
    maker.grow(2, 0.25)
    assert torch.allclose(maker(ones), torch.tensor(0.75 * 546.0 + 0.25 * 4290.0))


def test_a_discriminator_goes_from_the_stages_door_through_its_blocks() -> None:
    judge = Judge()
    factors = {0: 1 * 2 * 13, 1: 7 * 3 * 2 * 13, 2: 11 * 5 * 3 * 2 * 13}
    for stage, factor in factors.items():
        judge.grow(stage, 1.0)
        assert judge(torch.ones(2, *judge.stages[stage])).tolist() == [factor] * 2
    judge.grow(2, 0.25)
    expected = (0.75 * 7 + 0.25 * 11 * 5) * 3 * 2 * 13
    assert torch.allclose(judge(torch.ones(2, *IMAGE)), torch.tensor(expected))


def test_modules_of_ones_own_belong_to_the_first_stage() -> None:
    for player in (Maker(), Judge()):
        added = [
            [parameter.item() for parameter in player.stage_parameters(stage)] for stage in range(3)
        ]
        assert [sorted(stage) for stage in added] == [[1, 2, 13], [3, 7], [5, 11]]

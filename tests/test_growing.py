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


class SmallGenerator(GrowingGenerator):
    def __init__(self) -> None:
        stages = IMAGE.halved_shapes()
        super().__init__(
            stages, [Times(2.0), Doubling(3.0), Doubling(5.0)], map(Times, (1.0, 7.0, 11.0))
        )
        self.own = Times(13.0)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 4, 4, generator=random)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.grown(self.own(latents))


class SmallDiscriminator(GrowingDiscriminator):
    def __init__(self) -> None:
        stages = IMAGE.halved_shapes()
        super().__init__(
            stages, [Times(2.0), Halving(3.0), Halving(5.0)], map(Times, (1.0, 7.0, 11.0))
        )
        self.own = Times(13.0)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores: Tensor = self.own(self.grown(images)).mean(dim=(1, 2, 3))
        return scores


def test_a_generator_applies_its_blocks_then_the_stages_image_layer() -> None:
    generator, ones = SmallGenerator(), torch.ones(2, 1, 4, 4)
    factors = {(0, 1.0): 13 * 2 * 1, (1, 1.0): 13 * 2 * 3 * 7, (2, 1.0): 13 * 2 * 3 * 5 * 11}
    for (stage, fade), factor in factors.items():
        generator.grow(stage, fade)
        made = generator(ones)
        assert made.shape == (2, *generator.stages[stage])
        assert (made == factor).all()
    generator.grow(2, 0.25)
    assert torch.allclose(generator(ones), torch.tensor(0.75 * 546.0 + 0.25 * 4290.0))


def test_a_discriminator_applies_the_stages_image_layer_then_its_blocks() -> None:
    discriminator = SmallDiscriminator()
    factors = {0: 1 * 2 * 13, 1: 7 * 3 * 2 * 13, 2: 11 * 5 * 3 * 2 * 13}
    for stage, factor in factors.items():
        discriminator.grow(stage, 1.0)
        assert discriminator(torch.ones(2, *discriminator.stages[stage])).tolist() == [factor] * 2
    discriminator.grow(2, 0.25)
    expected = (0.75 * 7 + 0.25 * 11 * 5) * 3 * 2 * 13
    assert torch.allclose(discriminator(torch.ones(2, *IMAGE)), torch.tensor(expected))


def test_other_modules_belong_to_the_first_stage() -> None:
    for network in (SmallGenerator(), SmallDiscriminator()):
        added = [
            [parameter.item() for parameter in network.stage_parameters(stage)]
            for stage in range(3)
        ]
        assert [sorted(stage) for stage in added] == [[1, 2, 13], [3, 7], [5, 11]]

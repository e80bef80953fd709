from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import RealImageReplacement
from ganzoo.contracts import RealImages
from ganzoo_discriminator_augment import ApaOptions
from ganzoo_discriminator_augment.apa import Apa
from tests.plugins.steps import scores

MANY = 2000


class Step:
    """A step that generates black images, and has random numbers and reports."""

    batch_size = MANY

    def __init__(self) -> None:
        self.reports: dict[str, float] = {}
        self.conditions: list[Tensor | None] = []

    def uniform(self) -> Tensor:
        return torch.rand(MANY, generator=torch.Generator().manual_seed(0))

    def latents(self) -> Tensor:
        return torch.zeros(MANY, 1)

    def generate(self, latents: Tensor, condition: Tensor | None) -> SimpleNamespace:
        self.conditions.append(condition)
        return SimpleNamespace(images=-torch.ones(len(latents), 1, 2, 2))

    def report(self, name: str, value: Tensor) -> None:
        self.reports[name] = value.item()


def shown(apa: Apa, step: Any) -> Tensor:
    condition = torch.arange(MANY)
    images = apa.replace_real(step, RealImages(torch.ones(MANY, 1, 2, 2), condition))
    assert torch.equal(step.conditions[-1], condition)
    return images


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_whole_images_are_replaced_with_the_probability_p(p: float) -> None:
    replaced = (shown(Apa(ApaOptions(p=p)), Step()) < 0).flatten(1)
    assert (replaced.any(1) == replaced.all(1)).all()
    assert replaced.float().mean() == pytest.approx(p, abs=0.03)


def test_p_adapts_to_the_scores_of_what_is_shown_as_real() -> None:
    apa, step = Apa(ApaOptions(interval=1, ramp_images=4 * MANY)), Step()
    observed: Any = step
    assert (shown(apa, step) > 0).all()
    for _ in range(2):
        apa.observe(observed, scores(real=torch.ones(4)))
    assert step.reports == {"p": 0.5, "sign": 1}
    assert (shown(apa, step) < 0).float().mean() == pytest.approx(0.5, abs=0.03)
    restored = Apa(ApaOptions(interval=1))
    restored.load_state_dict(apa.state_dict())
    assert torch.equal(shown(restored, step), shown(apa, step))


def test_it_replaces_real_images() -> None:
    assert isinstance(Apa(ApaOptions()), RealImageReplacement)

"""The checks of updates with a loss or a method."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from torch import Tensor

import ganzoo
from ganzoo import Options, Phase, Step, Terms
from ganzoo.testing import check


class Difference:
    """The mean scores; it keeps some of them."""

    independent_scores = False

    def __init__(self, options: Options) -> None:
        self.kept: Any = deque(maxlen=3)

    def discriminator(self, scores: Any) -> dict[str, Tensor]:
        self.keep(scores.real.mean())
        return {"score": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": -scores.fake.mean()}

    def keep(self, mean: Tensor) -> None:
        self.kept.append(mean.detach())


class KeepsGraphs(Difference):
    def keep(self, mean: Tensor) -> None:
        self.kept.append({"mean": mean})


class KeepsSum(Difference):
    def keep(self, mean: Tensor) -> None:
        self.kept = mean if isinstance(self.kept, deque) else self.kept + mean


class Darkening(ganzoo.Method):
    """It changes the real images."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def phases(self) -> list[Phase]:
        networks = ("discriminator",)
        return [Phase(name="discriminator", networks=networks, terms=self.terms, new_images=True)]

    def terms(self, step: Step) -> Terms:
        return {"score": step.critic(step.real.images.mul_(0.5)).mean()}


def loss(factory: Any) -> ganzoo.LossSpec:
    return ganzoo.LossSpec(name="mine", summary="A loss.", factory=factory)


def test_a_loss_that_keeps_numbers_passes() -> None:
    check(loss(Difference))


@pytest.mark.parametrize("factory", [KeepsGraphs, KeepsSum])
def test_a_graph_that_is_kept_is_found(factory: Any) -> None:
    with pytest.raises(AssertionError, match=r"its kept keeps the graph of an update.*x\.detach"):
        check(loss(factory))


def test_a_method_that_changes_the_real_images_is_found() -> None:
    with pytest.raises(AssertionError, match="changes the real images in place"):
        check(loss(Darkening))

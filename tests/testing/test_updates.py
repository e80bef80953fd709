"""The checks of updates with a loss or a method."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import torch
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


class RelativisticAverage(Difference):
    """It compares the scores with the mean of the batch, which another process does not know."""

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": (scores.real.mean() - scores.fake).sigmoid().mean()}


class NoisyLabels(Difference):
    """Its random numbers differ between a batch and its parts, which is allowed."""

    def generator(self, scores: Any) -> dict[str, Tensor]:
        return {"score": (torch.rand(len(scores.fake)) - scores.fake).square().mean()}


def loss(factory: Any) -> ganzoo.LossSpec:
    return ganzoo.LossSpec(name="mine", summary="A loss.", factory=factory)


@pytest.mark.parametrize("factory", [Difference, NoisyLabels])
def test_a_loss_that_keeps_numbers_or_draws_them_passes(factory: Any) -> None:
    check(loss(factory))


def test_a_loss_that_compares_the_images_of_a_batch_is_found() -> None:
    found = r"generator\(\): score of a batch is not the mean .* its two halves.*step\.gather"
    with pytest.raises(AssertionError, match=found):
        check(loss(RelativisticAverage))


@pytest.mark.parametrize("factory", [KeepsGraphs, KeepsSum])
def test_a_graph_that_is_kept_is_found(factory: Any) -> None:
    with pytest.raises(AssertionError, match=r"its kept keeps the graph of an update.*x\.detach"):
        check(loss(factory))


def test_a_method_that_changes_the_real_images_is_found() -> None:
    with pytest.raises(AssertionError, match="changes the real images in place"):
        check(loss(Darkening))

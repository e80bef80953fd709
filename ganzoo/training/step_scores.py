"""The discriminator's scores of real and generated images."""

from __future__ import annotations

import weakref
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.contracts import Step


class ScoringStep(Step, Protocol):
    """A step whose passes may be compiled where only first derivatives are needed."""

    def first_derivatives_only(self) -> AbstractContextManager[None]:
        """A context for passes of which no second derivatives are computed."""
        ...


class StepScores:
    """The scores of a step's real and generated images, computed on first access."""

    def __init__(self, step: ScoringStep, with_gradient: bool) -> None:
        # A cycle of references would keep the graph of the update until the next collection.
        self._step = weakref.proxy(step)
        self._with_gradient = with_gradient

    @cached_property
    def real(self) -> Tensor:
        """The scores of the real images."""
        with torch.set_grad_enabled(self._with_gradient), self._step.first_derivatives_only():
            scores: Tensor = self._step.critic(self._step.real.images)
            return scores

    @cached_property
    def fake(self) -> Tensor:
        """The scores of the generated images."""
        with self._step.first_derivatives_only():
            scores: Tensor = self._step.critic(self._step.fake.images)
            return scores

    def computed(self) -> dict[str, Tensor]:
        """The scores that were computed, without gradient, by name."""
        return {
            name: scores.detach() for name, scores in vars(self).items() if name in ("real", "fake")
        }


class BatchScores:
    """The scores of a whole batch, from all processes."""

    def __init__(self, real: Tensor, fake: Tensor) -> None:
        self.real = real
        self.fake = fake

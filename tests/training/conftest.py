"""Fixtures of the training tests."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
import torch
from torch import Tensor

from ganzoo.training.adversarial import Adversarial
from ganzoo.training.step import TrainingStep


@pytest.fixture
def inject_nan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a term of the generator's loss NaN at these positions, in these randomness streams."""
    original = Adversarial.generator_terms

    def positions(bad: Collection[int], streams: Collection[int] = range(99)) -> None:
        def terms(self: Adversarial, step: TrainingStep) -> dict[str, Tensor]:
            wrong = step.number in bad and step._setup.randomness.stream in streams
            return {k: v * (torch.nan if wrong else 1) for k, v in original(self, step).items()}

        monkeypatch.setattr(Adversarial, "generator_terms", terms)

    return positions

"""Fixtures of the training tests."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
import torch
from ganzoo.training.phases import Game
from torch import Tensor


@pytest.fixture
def inject_nan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a term of the generator's loss NaN at these positions, in these randomness streams."""
    original = Game.generator_terms

    def positions(bad: Collection[int], streams: Collection[int] = range(99)) -> None:
        def terms(self: Game, position: int) -> dict[str, Tensor]:
            wrong = position in bad and self.randomness.stream in streams
            return {k: v * (torch.nan if wrong else 1) for k, v in original(self, position).items()}

        monkeypatch.setattr(Game, "generator_terms", terms)

    return positions

"""What the tests of training share."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
import torch
from torch import Tensor

from ganzoo.training.phases import Game


@pytest.fixture
def inject_nan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a term of the generator's NaN at these positions, in these streams of randomness."""
    made = Game.generator_terms

    def positions(bad: Collection[int], streams: Collection[int] = range(99)) -> None:
        def terms(self: Game, position: int) -> dict[str, Tensor]:
            wrong = position in bad and self.randomness.stream in streams
            return {k: v * (torch.nan if wrong else 1) for k, v in made(self, position).items()}

        monkeypatch.setattr(Game, "generator_terms", terms)

    return positions

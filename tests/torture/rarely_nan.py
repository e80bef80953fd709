"""A local plugin with a loss that is NaN in a few updates, which depend on the seed."""

from __future__ import annotations

import torch

from ganzoo import LossSpec, Options, Scores, Terms, hookimpl


class RarelyNan:
    """The Wasserstein distance (Arjovsky et al. 2017), or NaN in about one update of 40."""

    independent_scores = True

    def __init__(self, options: Options) -> None:
        """Ignore the options."""

    def discriminator(self, scores: Scores) -> Terms:
        """E[D(x~)] - E[D(x)], or NaN."""
        return {"wasserstein": (scores.fake.mean() - scores.real.mean()) * _one()}

    def generator(self, scores: Scores) -> Terms:
        """-E[D(x~)], or NaN."""
        return {"adversarial": -scores.fake.mean() * _one()}


def _one() -> float:
    # The seed of an update depends on the run's seed, the stream and the number of the update.
    return torch.nan if torch.initial_seed() % 40 == 0 else 1.0


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """The loss ``rarely-nan``."""
    return [LossSpec(name="rarely-nan", summary="Rarely not a number.", factory=RarelyNan)]

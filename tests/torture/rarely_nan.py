"""A loss that now and then is not a number, by the update's own randomness: a local plugin."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Critic, LossSpec, Options, Terms, hookimpl


class RarelyNan:
    """The distance of Arjovsky et al. 2017, which about one update in 40 does not get."""

    independent_scores = True

    def __init__(self, options: Options) -> None:
        """It has no options."""

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """E[D(x~)] - E[D(x)], or NaN."""
        return {"wasserstein": (critic(fake).mean() - critic(real).mean()) * _one()}

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[D(x~)], or NaN."""
        return {"adversarial": -critic(fake).mean() * _one()}


def _one() -> float:
    # The seed of an update follows from the run's, the stream and the number of the update.
    return torch.nan if torch.initial_seed() % 40 == 0 else 1.0


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """This one."""
    return [LossSpec(name="rarely-nan", summary="Rarely not a number.", factory=RarelyNan)]

"""Regularizers of the discriminator's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Scores, Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import DriftOptions, LeCamOptions


class LeCam(nn.Module):
    """lambda (E[(D(x) - a_F)^2] + E[(D(x~) - a_R)^2]) (Tseng et al. 2021, equation 5).

    a_R and a_F are moving averages of the scores of real images x and generated images x~. They are
    buffers, so they are in ``state_dict`` and in checkpoints, and a resumed run is exact.
    """

    network = "discriminator"
    every = 1
    independent_scores = False
    real_average: Tensor
    fake_average: Tensor

    def __init__(self, options: LeCamOptions) -> None:
        """Both averages start at 0."""
        super().__init__()
        self.weight, self.decay = options.weight, options.decay
        self.register_buffer("real_average", torch.zeros(()))
        self.register_buffer("fake_average", torch.zeros(()))

    def terms(self, step: Step) -> Terms:
        """The regularization, named ``lecam``."""
        # Copies, since observe changes the averages in place.
        a_r, a_f = self.real_average.clone(), self.fake_average.clone()
        d_r, d_f = step.scores.real, step.scores.fake
        lecam = (d_r - a_f).square().mean() + (d_f - a_r).square().mean()
        return {"lecam": self.weight * lecam}

    def observe(self, step: Step, scores: Scores) -> None:
        """Average in the scores of the whole batch; they are the same in all processes."""
        self.real_average.lerp_(scores.real.mean(), 1 - self.decay)
        self.fake_average.lerp_(scores.fake.mean(), 1 - self.decay)


class Drift:
    """epsilon E[D(x)^2] at real images x (Karras et al. 2017, appendix A.1)."""

    network = "discriminator"
    every = 1
    independent_scores = False

    def __init__(self, options: DriftOptions) -> None:
        self.epsilon = options.weight

    def terms(self, step: Step) -> Terms:
        """The drift, named ``drift``."""
        return {"drift": self.epsilon * step.scores.real.square().mean()}

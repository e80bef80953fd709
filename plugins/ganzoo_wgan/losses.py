"""Wasserstein loss with weight clipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from ganzoo import Scores, Terms

if TYPE_CHECKING:
    from ganzoo_wgan import WganOptions


@dataclass(frozen=True)
class Wgan:
    """min_g max_f E[f(x)] - E[f(g(z))] with the weights of the critic f in [-c, c].

    Arjovsky et al. 2017, Algorithm 1.
    """

    options: WganOptions
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """E[f(g(z))] - E[f(x)]: minus the critic's estimate of the Wasserstein distance."""
        return {"wasserstein": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Scores) -> Terms:
        """-E[f(g(z))]."""
        return {"adversarial": -scores.fake.mean()}

    @torch.no_grad()
    def constrain(self, discriminator: nn.Module) -> None:
        """Clip all trained w to [-c, c], also biases and gains, as in the authors' code."""
        for w in discriminator.parameters():
            if w.requires_grad:
                w.clamp_(-self.options.clip, self.options.clip)

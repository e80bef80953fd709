"""Wasserstein loss, and the clipping of the critic's weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Critic, Terms

if TYPE_CHECKING:
    from ganzoo_wgan import WganOptions


@dataclass(frozen=True)
class Wgan:
    """E[f(x)] - E[f(g(z))] for a critic f with clipped weights (Arjovsky et al. 2017, alg. 1)."""

    options: WganOptions
    independent_scores = False

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """E[f(g(z))] - E[f(x)]: minus the critic's estimate of the Wasserstein distance."""
        return {"wasserstein": critic(fake).mean() - critic(real).mean()}

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[f(g(z))]."""
        return {"adversarial": -critic(fake).mean()}

    @torch.no_grad()
    def constrain(self, discriminator: nn.Module) -> None:
        """Clip every parameter w to [-c, c], biases and gains too, as the authors do."""
        for w in discriminator.parameters():
            w.clamp_(-self.options.clip, self.options.clip)

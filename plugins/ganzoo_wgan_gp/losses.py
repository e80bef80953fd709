"""Wasserstein loss with gradient penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import Critic, Terms

if TYPE_CHECKING:
    from ganzoo_wgan_gp import WganGpOptions


@dataclass(frozen=True)
class WganGp:
    """E[D(x~)] - E[D(x)] + lambda E[(||grad D(x^)||_2 - 1)^2] (Gulrajani et al. 2017, eq. 3).

    Generated images are x~, real ones x. The drift epsilon E[D(x)^2] is of Karras et al. 2017,
    appendix A.1: the first term does not change when all scores are shifted.
    """

    options: WganGpOptions
    independent_scores = True

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """Wasserstein term, gradient penalty and drift; terms of weight 0 are left out."""
        lambda_, epsilon = self.options.gp_weight, self.options.drift
        real_scores = critic(real)
        terms = {"wasserstein": critic(fake).mean() - real_scores.mean()}
        if lambda_:
            terms["gradient_penalty"] = lambda_ * gradient_penalty(critic, real, fake)
        if epsilon:
            terms["drift"] = epsilon * real_scores.square().mean()
        return terms

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[D(x~)]."""
        return {"adversarial": -critic(fake).mean()}


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """E[(||grad D(x^)||_2 - 1)^2] at points x^ between real and generated images.

    Differentiable in the critic's parameters, not in the images. There is one point x^ and one
    norm, over all pixels and channels, for each image. Autocast is disabled: half precision is too
    coarse for squared gradients.
    """
    with torch.autocast(real.device.type, enabled=False):
        epsilon = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
        x_hat = (epsilon * real + (1 - epsilon) * fake).detach().requires_grad_()
        # Each score depends on its own image alone, so this is the gradient of each score.
        (gradient,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
        # At a gradient of 0, vector_norm has the derivative 0; sqrt of the sum would have NaN.
        norm: Tensor = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
        return (norm - 1).square().mean()

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

    Generated images are x~, real ones x. The drift term epsilon E[D(x)^2] is added as in Karras et
    al. 2017, appendix A.1, since equation 3 does not change if a constant is added to all scores.
    """

    options: WganGpOptions
    independent_scores = True

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """E[D(x~)] - E[D(x)], gradient penalty and drift; a term of weight 0 is not computed."""
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
    """E[(||grad D(x^)||_2 - 1)^2] with x^ = epsilon x + (1 - epsilon) x~, epsilon from U[0, 1].

    One epsilon per image; the norm is over all channels and pixels of an image. Differentiable in
    the critic's parameters, not in the images. Computed without autocast, since half precision is
    not accurate enough for squared gradients.
    """
    with torch.autocast(real.device.type, enabled=False):
        epsilon = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
        x_hat = (epsilon * real + (1 - epsilon) * fake).detach().requires_grad_()
        # Each score depends only on its own image, so the sum has the gradients of all scores.
        (gradient,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
        # Where the gradient is 0, vector_norm has the derivative 0, but sqrt(sum) has NaN.
        norm: Tensor = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
        return (norm - 1).square().mean()

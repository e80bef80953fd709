"""Penalties of the discriminator's gradient with respect to its images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import DoubleBackward, Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import (
        ApproximateOptions,
        DivergencePenaltyOptions,
        GammaOptions,
        GradientPenaltyOptions,
        IntervalOptions,
    )


class DiscriminatorPenalty:
    """A penalty of the discriminator, every ``options.every`` steps."""

    network = "discriminator"
    independent_scores = True

    def __init__(self, options: IntervalOptions) -> None:
        self.every = options.every


class R1(DiscriminatorPenalty):
    """gamma / 2 E[||grad D(x)||^2] at real images x (Mescheder et al. 2018, equation 9).

    By default gamma = 0.0002 H W / M for M images of H x W pixels in the whole batch (Karras et al.
    2020, arXiv 2006.06676, appendix C).
    """

    def __init__(self, options: GammaOptions) -> None:
        super().__init__(options)
        self.gamma = options.gamma

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``r1``."""
        return {"r1": self.penalty(step, step.real.images)}

    def penalty(self, step: Step, images: Tensor) -> Tensor:
        """Gamma / 2 times the mean squared norm of the gradient at these images."""
        height, width = images.shape[2:]
        default = 0.0002 * height * width / step.batch_size
        gamma = default if self.gamma is None else self.gamma
        return gamma / 2 * image_gradient(step, images).square().sum((1, 2, 3)).mean()


class R2(R1):
    """The same at generated images (Mescheder et al. 2018, equation 10)."""

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``r2``."""
        return {"r2": self.penalty(step, step.fake.images)}


class GradientPenalty(DiscriminatorPenalty):
    """lambda E[(||grad D(x^)||_2 - 1)^2] (Gulrajani et al. 2017, equation 3).

    x^ is between real and generated images. The norm is over all channels and pixels of an image.
    """

    def __init__(self, options: GradientPenaltyOptions) -> None:
        super().__init__(options)
        self.weight = options.weight

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``gradient_penalty``."""
        return {"gradient_penalty": self.penalty(step, between(step))}

    def penalty(self, step: Step, images: Tensor) -> Tensor:
        """Lambda times the mean squared distance of the gradient's norm at these images to 1."""
        gradient = image_gradient(step, images)
        step.report("gradient_target", gradient.new_ones(()))
        # Where the gradient is 0, vector_norm has the derivative 0, but sqrt(sum) has NaN.
        norm: Tensor = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
        return self.weight * (norm - 1).square().mean()


class Dragan(GradientPenalty):
    """lambda E[(||grad D(x + delta)||_2 - 1)^2] at real images x (Kodali et al. 2017).

    As in the authors' code, delta = alpha s u / 2 with u from U[0, 1] for each pixel, alpha from
    U[0, 1] for each image, and s the standard deviation of all values in the batch. The paper has
    normal noise.
    """

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``dragan``."""
        x = step.real.images
        mean = step.mean(x)
        deviation = step.mean((x - mean).square()).sqrt()
        delta = step.uniform(1, 1, 1) * deviation * step.uniform(*x.shape[1:]) / 2
        return {"dragan": self.penalty(step, x + delta)}


class DivergencePenalty(DiscriminatorPenalty):
    """k E[||grad D(x^)||^p], x^ between real and generated images (Wu et al. 2018)."""

    def __init__(self, options: DivergencePenaltyOptions) -> None:
        super().__init__(options)
        self.k, self.p = options.k, options.p

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``divergence_penalty``."""
        gradient = image_gradient(step, between(step))
        squared_norm = gradient.square().sum((1, 2, 3))
        return {"divergence_penalty": self.k * squared_norm.pow(self.p / 2).mean()}


class ApproximateR1(DiscriminatorPenalty):
    """lambda E[(D(x) - D(x + sigma n))^2] with n from N(0, I) (Lin et al. 2025, equation 5).

    For a small sigma this is lambda sigma^2 E[||grad D(x)||^2], without a second derivative.
    """

    def __init__(self, options: ApproximateOptions) -> None:
        super().__init__(options)
        self.weight, self.sigma = options.weight, options.sigma

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``r1_approximate``."""
        x = step.real.images
        noise = self.sigma * step.normal(*x.shape[1:])
        scores = step.critic(x, transform="penalty")
        difference = scores - step.critic(x + noise, transform="penalty")
        return {"r1_approximate": self.weight * difference.square().mean()}


def between(step: Step) -> Tensor:
    """x^ = epsilon x + (1 - epsilon) x~ for real images x and generated images x~.

    There is one epsilon from U[0, 1] per image.
    """
    epsilon = step.uniform(1, 1, 1)
    return epsilon * step.real.images + (1 - epsilon) * step.fake.images


def image_gradient(step: Step, images: Tensor) -> Tensor:
    """The gradient of each image's score, (N, C, H, W); differentiable in the critic's parameters.

    It passes through the augmentations of all images. Of K scores per image, their sum is taken.
    Its mean norm is reported as ``gradient_norm``.
    """
    x = images.detach().requires_grad_()
    # Each score depends only on its own image, so the sum has the gradients of all scores.
    with DoubleBackward():
        total = step.critic(x).sum()
    (gradient,) = torch.autograd.grad(total, x, create_graph=True)
    norms = torch.linalg.vector_norm(gradient.detach(), dim=(1, 2, 3))
    step.report("gradient_norm", norms.mean())
    return gradient

"""Path length regularization of the generator."""

from __future__ import annotations

from math import prod, sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import DoubleBackward, Fake, Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import PathLengthOptions


class PathLength(nn.Module):
    """weight * E[(||J_w^T y||_2 - a)^2] (Karras et al. 2020, equation 4).

    J_w is the derivative of the image with respect to the intermediate latent w, y an image of
    normal noise, and a the moving mean of the lengths, over all processes. If w has a vector for
    each layer, the length is the root of the mean square over the layers, as in the paper's code.

    For a generator without intermediate latents, w is the latent.
    """

    network = "generator"
    independent_scores = False
    mean: Tensor

    def __init__(self, options: PathLengthOptions) -> None:
        super().__init__()
        self.weight, self.decay, self.every = options.weight, options.decay, options.every
        self.shrink = options.shrink
        self.register_buffer("mean", torch.zeros(()))

    def terms(self, step: Step) -> Terms:
        """The regularization, named ``path_length``.

        With several processes, the same images are used as with one if each process's part of the
        batch can be divided by ``shrink``.
        """
        lengths = self.lengths(step, self._generate(step))
        self.mean.lerp_(step.mean(lengths), 1 - self.decay)
        step.report("length", lengths.mean())
        return {"path_length": self.weight * (lengths - self.mean.clone()).square().mean()}

    def lengths(self, step: Step, fake: Fake) -> Tensor:
        """The path length of each image, (N,)."""
        images, w = fake.images, fake.intermediate
        layers = 1 if w is None else prod(w.shape[1:-1])
        # The division makes the length independent of the resolution (appendix B).
        y = step.normal(*images.shape[1:])[:: self.shrink] / sqrt(prod(images.shape[2:]))
        (gradient,) = torch.autograd.grad(
            (images * y).sum(), fake.latents if w is None else w, create_graph=True
        )
        # Where the gradient is 0, vector_norm has the derivative 0, but sqrt(sum) has NaN.
        norm: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        return norm / sqrt(layers)

    def _generate(self, step: Step) -> Fake:
        """Images of every ``shrink``-th latent, with their derivatives."""
        condition = step.real.condition
        if condition is not None:
            condition = condition[:: self.shrink]
        with DoubleBackward():
            return step.generate(step.latents()[:: self.shrink].requires_grad_(), condition)

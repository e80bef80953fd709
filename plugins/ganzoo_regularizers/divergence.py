"""The penalty of the Wasserstein divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo import Step, Terms
from ganzoo_regularizers.penalties import DiscriminatorPenalty, image_gradient

if TYPE_CHECKING:
    from ganzoo_regularizers import DivergencePenaltyOptions


class DivergencePenalty(DiscriminatorPenalty):
    """k E[||grad D(x^)||^p] (Wu et al. 2018), by default with k = 2 and p = 6.

    x^ = epsilon x + (1 - epsilon) G(z), with one epsilon from U[0, 1] per image.
    """

    def __init__(self, options: DivergencePenaltyOptions) -> None:
        super().__init__(options)
        self.k, self.p = options.k, options.p

    def terms(self, step: Step) -> Terms:
        """The penalty, named ``divergence_penalty``."""
        epsilon = step.uniform(1, 1, 1)
        x_hat = epsilon * step.real.images + (1 - epsilon) * step.fake.images
        squared_norm = image_gradient(step, x_hat).square().sum((1, 2, 3))
        return {"divergence_penalty": self.k * squared_norm.pow(self.p / 2).mean()}

"""Wasserstein loss for a critic with a gradient penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganzoo import Scores, Terms

if TYPE_CHECKING:
    from ganzoo_wgan_gp import WganGpOptions


@dataclass(frozen=True)
class WganGp:
    """E[D(x~)] - E[D(x)], to which the regularizer gradient-penalty is added.

    Gulrajani et al. 2017, equation 3: generated images are x~, real ones x. The drift term epsilon
    E[D(x)^2] is added as in Karras et al. 2017, appendix A.1, since equation 3 does not change if a
    constant is added to all scores.
    """

    options: WganGpOptions
    independent_scores = True

    def discriminator(self, scores: Scores) -> Terms:
        """E[D(x~)] - E[D(x)] and the drift, if its weight is not 0."""
        epsilon = self.options.drift
        terms = {"wasserstein": scores.fake.mean() - scores.real.mean()}
        if epsilon:
            terms["drift"] = epsilon * scores.real.square().mean()
        return terms

    def generator(self, scores: Scores) -> Terms:
        """-E[D(x~)]."""
        return {"adversarial": -scores.fake.mean()}

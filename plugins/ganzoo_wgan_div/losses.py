"""The loss of the Wasserstein divergence, for a critic with a divergence penalty."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import Options, Scores, Terms


@dataclass(frozen=True)
class WganDiv:
    """max_D E[D(x)] - E[D(G(z))], from which the regularizer divergence-penalty is subtracted.

    Wu et al. 2018. Real images get the higher scores, as in all losses of ganzoo.
    """

    options: Options
    independent_scores = True

    def discriminator(self, scores: Scores) -> Terms:
        """E[D(G(z))] - E[D(x)]."""
        return {"wasserstein": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Scores) -> Terms:
        """-E[D(G(z))]."""
        return {"adversarial": -scores.fake.mean()}

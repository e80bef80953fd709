"""Wasserstein loss for a critic with a gradient penalty."""

from __future__ import annotations

from ganzoo import Options, Scores, Terms


class WganGp:
    """E[D(x~)] - E[D(x)], to which the regularizers gradient-penalty and drift are added.

    Gulrajani et al. 2017, equation 3: generated images are x~, real ones x. The drift is from
    Karras et al. 2017, appendix A.1, since equation 3 does not change if a constant is added to all
    scores.
    """

    independent_scores = True

    def __init__(self, options: Options) -> None:
        """The loss has no options."""

    def discriminator(self, scores: Scores) -> Terms:
        """E[D(x~)] - E[D(x)]."""
        return {"wasserstein": scores.fake.mean() - scores.real.mean()}

    def generator(self, scores: Scores) -> Terms:
        """-E[D(x~)]."""
        return {"adversarial": -scores.fake.mean()}

"""The relativistic average hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Scores, Terms

if TYPE_CHECKING:
    from ganzoo_example import RelativisticHingeOptions


@dataclass(frozen=True)
class RelativisticHinge:
    """Hinge loss of C(x_r) - E[C(x_f)] and of C(x_f) - E[C(x_r)], with a margin m.

    Jolicoeur-Martineau 2018, RaHingeGAN, with m = 1. Scores are relative to the mean score of the
    other images, so the generator's loss depends on real images, too.
    """

    options: RelativisticHingeOptions
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """Small when real scores are above the mean of fake ones by m, and fake ones below."""
        return self._hinge(high=scores.real, low=scores.fake, names=("real", "fake"))

    def generator(self, scores: Scores) -> Terms:
        """The same with real and fake exchanged."""
        return self._hinge(high=scores.fake, low=scores.real, names=("fake", "real"))

    def _hinge(self, high: Tensor, low: Tensor, names: tuple[str, str]) -> Terms:
        """E[max(0, m - (high - E[low]))] and E[max(0, m + (low - E[high]))]."""
        m = self.options.margin
        return {
            names[0]: relu(m - (high - low.mean())).mean(),
            names[1]: relu(m + (low - high.mean())).mean(),
        }

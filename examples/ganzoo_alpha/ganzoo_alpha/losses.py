"""The alpha-loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ganzoo import Scores, Terms

if TYPE_CHECKING:
    from ganzoo_alpha import AlphaOptions


@dataclass(frozen=True)
class Alpha:
    """max_D -E[l(1, D(x))] - E[l(0, D(G(z)))] and min_G E[l(1, D(G(z)))], with D = sigmoid(score).

    l is the alpha-loss of Kurri et al. 2021 (arXiv 2106.05232), with P(1) = D and P(0) = 1 - D:

        l(y, D) = a / (a - 1) (1 - P(y)^((a - 1) / a)), and -log P(y) for a = 1.

    In the paper, the generator minimizes -E[l(0, D(G(z)))], whose gradient vanishes when D rejects
    generated images; here it is trained as in Goodfellow et al. 2014, section 3.
    """

    options: AlphaOptions
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """E[l(1, D(x))] and E[l(0, D(G(z)))]."""
        return {"real": self._loss(scores.real).mean(), "fake": self._loss(-scores.fake).mean()}

    def generator(self, scores: Scores) -> Terms:
        """E[l(1, D(G(z)))]."""
        return {"adversarial": self._loss(scores.fake).mean()}

    def _loss(self, score: Tensor) -> Tensor:
        """(1 - P^c) / c with c = (a - 1) / a and P = sigmoid(score).

        P^c is exp(c log P), so that it is exact for large scores and for c near 0.
        """
        c = 1 - 1 / self.options.alpha
        log_p = logsigmoid(score)
        return -torch.expm1(c * log_p) / c if c else -log_p

"""Adversarial losses, computed from raw scores (no sigmoid)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch.nn.functional import logsigmoid, relu, softplus

from ganzoo import Options, Scores, Terms

if TYPE_CHECKING:
    from ganzoo_adversarial import LeastSquaresOptions


@dataclass(frozen=True)
class Minimax:
    """min_G max_D E[log D(x)] + E[log(1 - D(G(z)))], where D = sigmoid(score).

    Goodfellow et al. 2014, equation 1. log D(x) = logsigmoid(score) and log(1 - D(x)) =
    logsigmoid(-score), which are finite for large scores.
    """

    options: Options
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """-E[log D(x)] - E[log(1 - D(G(z)))]: minus the value function, in two terms."""
        return {
            "real": -logsigmoid(scores.real).mean(),
            "fake": -logsigmoid(-scores.fake).mean(),
        }

    def generator(self, scores: Scores) -> Terms:
        """E[log(1 - D(G(z)))]."""
        return {"adversarial": logsigmoid(-scores.fake).mean()}


class NonSaturating(Minimax):
    """As minimax, but max_G E[log D(G(z))] (Goodfellow et al. 2014, section 3)."""

    def generator(self, scores: Scores) -> Terms:
        """-E[log D(G(z))]."""
        return {"adversarial": -logsigmoid(scores.fake).mean()}


@dataclass(frozen=True)
class LeastSquares:
    """min_D 1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2], min_G 1/2 E[(D(G(z)) - c)^2].

    Mao et al. 2016, equation 2.
    """

    options: LeastSquaresOptions
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2]."""
        return {
            "real": (scores.real - self.options.b).square().mean() / 2,
            "fake": (scores.fake - self.options.a).square().mean() / 2,
        }

    def generator(self, scores: Scores) -> Terms:
        """1/2 E[(D(G(z)) - c)^2]."""
        return {"adversarial": (scores.fake - self.options.c).square().mean() / 2}


@dataclass(frozen=True)
class Hinge:
    """min_D E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], min_G -E[D(G(z))].

    Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17.
    """

    options: Options
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return {
            "real": relu(1 - scores.real).mean(),
            "fake": relu(1 + scores.fake).mean(),
        }

    def generator(self, scores: Scores) -> Terms:
        """-E[D(G(z))]."""
        return {"adversarial": -scores.fake.mean()}


@dataclass(frozen=True)
class Relativistic:
    """min_D E[f(D(x) - D(G(z)))], min_G E[f(D(G(z)) - D(x))] with f(t) = softplus(-t).

    Jolicoeur-Martineau 2018; Huang et al. 2024. The i-th real image of a batch is paired with its
    i-th generated image, which has the same condition.
    """

    options: Options
    independent_scores = False

    def discriminator(self, scores: Scores) -> Terms:
        """E[f(D(x) - D(G(z)))]."""
        return {"relativistic": softplus(-(scores.real - scores.fake)).mean()}

    def generator(self, scores: Scores) -> Terms:
        """E[f(D(G(z)) - D(x))]."""
        return {"relativistic": softplus(-(scores.fake - scores.real)).mean()}

"""Adversarial losses, computed from raw scores (no sigmoid)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import logsigmoid, relu

from ganzoo import Critic, Options, Terms

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

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """-E[log D(x)] - E[log(1 - D(G(z)))]: minus the value function, in two terms."""
        return {
            "real": -logsigmoid(critic(real)).mean(),
            "fake": -logsigmoid(-critic(fake)).mean(),
        }

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """E[log(1 - D(G(z)))]."""
        return {"adversarial": logsigmoid(-critic(fake)).mean()}


class NonSaturating(Minimax):
    """As minimax, but max_G E[log D(G(z))] (Goodfellow et al. 2014, section 3)."""

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[log D(G(z))]."""
        return {"adversarial": -logsigmoid(critic(fake)).mean()}


@dataclass(frozen=True)
class LeastSquares:
    """min_D 1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2], min_G 1/2 E[(D(G(z)) - c)^2].

    Mao et al. 2016, equation 2.
    """

    options: LeastSquaresOptions
    independent_scores = False

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2]."""
        return {
            "real": (critic(real) - self.options.b).square().mean() / 2,
            "fake": (critic(fake) - self.options.a).square().mean() / 2,
        }

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """1/2 E[(D(G(z)) - c)^2]."""
        return {"adversarial": (critic(fake) - self.options.c).square().mean() / 2}


@dataclass(frozen=True)
class Hinge:
    """min_D E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], min_G -E[D(G(z))].

    Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17.
    """

    options: Options
    independent_scores = False

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]."""
        return {
            "real": relu(1 - critic(real)).mean(),
            "fake": relu(1 + critic(fake)).mean(),
        }

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """-E[D(G(z))]."""
        return {"adversarial": -critic(fake).mean()}

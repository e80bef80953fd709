"""The hinge loss with random margins."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Adversarial, Options, Scores, Step, Terms


class Hinge:
    """min_D E[max(0, m - D(x))] + E[max(0, m + D(G(z)))], min_G -E[D(G(z))] (section 3.2)."""

    independent_scores = False

    def discriminator(
        self, scores: Scores, real_margin: float | Tensor = 1.0, fake_margin: float | Tensor = 1.0
    ) -> Terms:
        """E[max(0, m - D(x))] + E[max(0, m + D(G(z)))]."""
        return {
            "real": relu(real_margin - scores.real).mean(),
            "fake": relu(fake_margin + scores.fake).mean(),
        }

    def generator(self, scores: Scores) -> Terms:
        """-E[D(G(z))]."""
        return {"adversarial": -scores.fake.mean()}


class SoftHinge(Adversarial):
    """The hinge loss with a margin m from U[0.8, 1) for each score, as in the authors' code."""

    loss: Hinge

    def __init__(self, options: Options) -> None:
        super().__init__(Hinge())

    def discriminator_terms(self, step: Step) -> Terms:
        """The loss of D(x) and D(G(z)); G is constant."""
        fake, real = step.scores.fake, step.scores.real
        step.report("scores/fake", fake.mean())
        step.report("scores/real", real.mean())
        return self.loss.discriminator(step.scores, _margins(step, real), _margins(step, fake))


def _margins(step: Step, scores: Tensor) -> Tensor:
    return 0.8 + 0.2 * step.uniform(*scores.shape[1:])

"""The dual contrastive loss, which compares each score with all scores of the other kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import Adversarial, Scores, Step, Terms

if TYPE_CHECKING:
    from ganzoo_adversarial import DualContrastiveOptions


class Contrast:
    """The loss of Yu et al. 2021, of the scores of a whole batch.

    max_D E_x[log(e^D(x) / (e^D(x) + sum_z e^D(G(z))))]
        + E_z[log(e^-D(G(z)) / (e^-D(G(z)) + sum_x e^-D(x)))].

    The paper writes min_G max_D of this. G then learns nothing while D separates real and generated
    images well, so that by default G maximizes the same function with the two kinds exchanged.
    """

    independent_scores = False

    def __init__(self, options: DualContrastiveOptions) -> None:
        self.minimax = options.minimax

    def discriminator(self, scores: Scores) -> Terms:
        """Minus both expectations."""
        return {
            "real": contrast(scores.real, scores.fake),
            "fake": contrast(-scores.fake, -scores.real),
        }

    def generator(self, scores: Scores) -> Terms:
        """Minus both expectations with D(x) and D(G(z)) exchanged, or as the paper writes it."""
        if self.minimax:
            return {name: -term for name, term in self.discriminator(scores).items()}
        return {
            "fake": contrast(scores.fake, scores.real),
            "real": contrast(-scores.real, -scores.fake),
        }


def contrast(one: Tensor, others: Tensor) -> Tensor:
    """-E_a[log(e^a / (e^a + sum_b e^b))] for scores a and b of (N,), or (N, K) for each of K."""
    return softplus(others.logsumexp(0) - one).mean()


class DualContrastive(Adversarial):
    """Adversarial training with :class:`Contrast` of the scores from all processes."""

    def __init__(self, options: DualContrastiveOptions) -> None:
        super().__init__(Contrast(options))

    def discriminator_terms(self, step: Step) -> Terms:
        """The loss of the whole batch; G is constant."""
        scores = BatchScores(step)
        step.report("scores/fake", scores.fake.mean())
        step.report("scores/real", scores.real.mean())
        return self.loss.discriminator(scores)

    def generator_terms(self, step: Step) -> Terms:
        """The loss of the whole batch; D is constant."""
        return self.loss.generator(BatchScores(step))


class BatchScores:
    """The scores of the whole batch, from all processes."""

    def __init__(self, step: Step) -> None:
        self.fake = step.gather(step.scores.fake)
        self.real = step.gather(step.scores.real)

"""The method of generative adversarial training, for any loss that is computed from scores."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.contracts import Loss, Phase, Step, Terms, WeightConstraint


class Adversarial:
    """Algorithm 1 of Goodfellow et al. 2014 (arXiv 1406.2661), with a loss of its own.

    In each step the discriminator D is updated ``train.discriminator.steps`` times, k in the paper,
    each time on new real images x and new generated images G(z). Then the generator G is updated
    ``train.generator.steps`` times.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        """The loss that its phases minimize."""
        self.independent_scores = loss.independent_scores
        """As of the loss."""
        self._constraint = loss if isinstance(loss, WeightConstraint) else None

    def phases(self) -> Sequence[Phase]:
        """The updates of D, each on new real images, then those of G."""
        return (
            Phase(
                name="discriminator",
                networks=("discriminator",),
                terms=self.discriminator_terms,
                constrain=self.constrain,
                after=self.after_discriminator,
                new_images=True,
            ),
            Phase(name="generator", networks=("generator",), terms=self.generator_terms),
        )

    def discriminator_terms(self, step: Step) -> Terms:
        """The loss of D(x) and D(G(z)); G is constant."""
        step.compute_scores()
        step.report("scores/fake", step.scores.fake.mean())
        step.report("scores/real", step.scores.real.mean())
        return self.loss.discriminator(step.scores)

    def constrain(self, step: Step) -> None:
        """Constrain the weights of D if the loss does that."""
        if self._constraint:
            self._constraint.constrain(step.networks["discriminator"])

    def after_discriminator(self, step: Step) -> None:
        """Pass the scores to adaptive components."""
        step.give_feedback()

    def generator_terms(self, step: Step) -> Terms:
        """The loss of D(G(z)); D is constant."""
        return self.loss.generator(step.scores)

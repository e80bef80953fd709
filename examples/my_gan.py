"""A loss in one file: ``ganzoo train blossoms dcgan relativistic --plugin my_gan.py``."""

from torch.nn.functional import softplus

from ganzoo import LossSpec, Options, Scores, Terms, hookimpl


class Relativistic:
    """Relativistic GAN: E[softplus(C(x_f) - C(x_r))] for the discriminator."""

    independent_scores = False

    def __init__(self, options: Options) -> None:
        """The loss has no options."""

    def discriminator(self, scores: Scores) -> Terms:
        """-E[log sigmoid(C(x_r) - C(x_f))]."""
        return {"relativistic": softplus(scores.fake - scores.real).mean()}

    def generator(self, scores: Scores) -> Terms:
        """-E[log sigmoid(C(x_f) - C(x_r))]."""
        return {"relativistic": softplus(scores.real - scores.fake).mean()}


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="relativistic",
            summary="Relativistic GAN loss of pairs of real and generated images.",
            factory=Relativistic,
            reference="Jolicoeur-Martineau 2018, arXiv 1807.00734",
        )
    ]

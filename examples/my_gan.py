"""A loss in one file: ``ganzoo train blossoms dcgan boundary-seeking --plugin my_gan.py``."""

from torch.nn.functional import softplus

from ganzoo import LossSpec, Options, Scores, Terms, hookimpl


class BoundarySeeking:
    """Boundary-seeking GAN: generated images get scores of 0, so that D = sigmoid(0) = 1/2."""

    independent_scores = False

    def __init__(self, options: Options) -> None:
        """The loss has no options."""

    def discriminator(self, scores: Scores) -> Terms:
        """-E[log D(x)] - E[log(1 - D(G(z)))]."""
        return {"real": softplus(-scores.real).mean(), "fake": softplus(scores.fake).mean()}

    def generator(self, scores: Scores) -> Terms:
        """1/2 E[(log D(G(z)) - log(1 - D(G(z))))^2], which is half of the squared score."""
        return {"boundary": scores.fake.square().mean() / 2}


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="boundary-seeking",
            summary="Boundary-seeking GAN loss: generated images get scores near 0.",
            factory=BoundarySeeking,
            reference="Hjelm et al. 2017, arXiv 1702.08431",
        )
    ]

"""A method without a discriminator: the energy distance of real and generated images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo import LossSpec, Method, Options, Phase, Step, Terms, hookimpl


class EnergyDistance(Method):
    """2 E||x - y|| - E||x - x'|| - E||y - y'|| for real images x and generated ones y.

    Szekely and Rizzo 2013 (doi 10.1016/j.jspi.2013.03.018); for generators: Bellemare et al. 2017
    (arXiv 1705.10743). The means are over all pairs of different images in the whole batch.
    """

    independent_scores = False

    def __init__(self, options: Options) -> None:
        """The method has no options."""

    def phases(self) -> Sequence[Phase]:
        """One update of the generator on new real images."""
        networks = ("generator",)
        return [Phase(name="generator", networks=networks, terms=self.terms, new_images=True)]

    def terms(self, step: Step) -> Terms:
        """The energy distance."""
        x, y = (step.gather(each.images).flatten(1) for each in (step.real, step.fake))
        between, within_x, within_y = distances(x, y).mean(), _within(x), _within(y)
        return {"energy_distance": 2 * between - within_x - within_y}


def distances(x: Tensor, y: Tensor) -> Tensor:
    """The distance of each image of x and each of y, (N, M)."""
    norms: Tensor = torch.linalg.vector_norm(x[:, None] - y[None], dim=2)
    return norms


def _within(x: Tensor) -> Tensor:
    """The mean distance of two different images."""
    n = len(x)
    return distances(x, x).sum() / (n * (n - 1))


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [
        LossSpec(
            name="energy-distance",
            summary="The energy distance of batches, without a discriminator.",
            factory=EnergyDistance,
            reference="Bellemare et al. 2017, arXiv 1705.10743",
        )
    ]

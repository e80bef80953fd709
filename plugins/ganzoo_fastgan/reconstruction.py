"""The regularizer that makes the discriminator reconstruct real images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import ReconstructingDiscriminator, RequestError, Step, Terms

if TYPE_CHECKING:
    from ganzoo_fastgan import ReconstructionOptions


class Reconstruction:
    """weight * E[|| G(f) - T(x) ||]: decoders G of features f of real images x (section 3.2).

    T(x) are crops and resized images. The paper's distance is that of features of a trained
    network; this one is the L1 distance of Laplacian pyramids, which needs no such network. Images
    are not augmented by those augmentations that all images get; in the authors' code they are.
    """

    network = "discriminator"
    independent_scores = False

    def __init__(self, options: ReconstructionOptions) -> None:
        self.weight, self.every = options.weight, options.every

    def terms(self, step: Step) -> Terms:
        """The term ``reconstruction``; raises RequestError for other discriminators."""
        discriminator = step.networks["discriminator"]
        if not isinstance(discriminator, ReconstructingDiscriminator):
            raise RequestError(
                "fastgan-reconstruction needs a discriminator that reconstructs images, which "
                f"{type(discriminator).__name__} does not: choose the architecture fastgan, or "
                "leave the regularizer out"
            )
        pairs = discriminator.reconstruct(step.real.images, step.number)
        distances = torch.stack([pyramid_distance(made, image) for made, image in pairs])
        return {"reconstruction": self.weight * distances.sum()}


def pyramid_distance(x: Tensor, y: Tensor) -> Tensor:
    """The L1 distance of Laplacian pyramids of images (N, C, H, W), mean over pixels, ().

    Bojanowski et al. 2017 (arXiv 1707.05776), section 2: with means over the pixels of each level
    their weight 2^2j is 1. Images are halved by the mean of 2 x 2 pixels, to 4 pixels or more.
    """
    difference, distance = x - y, torch.zeros((), device=x.device)
    while min(difference.shape[2:]) >= 8 and not any(side % 2 for side in difference.shape[2:]):
        half = avg_pool2d(difference, 2)
        distance = distance + (difference - interpolate(half, scale_factor=2)).abs().mean()
        difference = half
    return distance + difference.abs().mean()

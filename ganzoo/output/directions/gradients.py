"""Directions that change the image most, by gradients: for generators of any kind."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo.output.directions.sample import PointSample
from ganzoo.training.randomness import Randomness

_MOST_POINTS = 1024
_SIDE = 8
"""Images are averaged to at most 8 x 8 pixels: large areas count, fine texture does not."""


def gram_matrix(sample: PointSample) -> Tensor:
    """The mean of J^T J over at most 1,024 points, float64 (D, D); J is the small image's Jacobian.

    For a normal v, the mean of (J^T v) (J^T v)^T is J^T J, so a gradient for each point is enough.
    """
    random = Randomness(0).generator("directions")
    gradients = []
    for rows, conditions in sample.batches(_MOST_POINTS):
        rows = rows.clone().requires_grad_(True)
        images = sample.images(rows, conditions)
        height, width = (min(side, _SIDE) for side in images.shape[2:])
        small = adaptive_avg_pool2d(images.float(), (height, width))
        v = torch.randn(small.shape, generator=random).to(small)
        gradients.append(torch.autograd.grad((small * v).sum(), rows)[0])
    jacobian = torch.cat(gradients).double()
    return jacobian.T @ jacobian / len(jacobian)

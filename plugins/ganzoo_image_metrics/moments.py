"""Differences of color statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo import ImageSet, MetricValue, Options

GRID = 8
"""Cells of the layout in height and in width."""


@dataclass(frozen=True)
class ColorMoments:
    """Color moments of a set of images with channels in [0, 1], float64."""

    mean: Tensor
    """The mean of each channel over all pixels, (C,)."""
    covariance: Tensor
    """The covariance of the channels over all pixels, (C, C)."""
    layout: Tensor
    """The mean and standard deviation over the images of each cell's mean, (2, C, 8, 8)."""

    @property
    def std(self) -> Tensor:
        """The standard deviation of each channel over all pixels, (C,)."""
        return self.covariance.diagonal().sqrt()

    @classmethod
    def of(cls, images: ImageSet) -> ColorMoments:
        """The moments of all images, in one pass."""
        channels, height, width = images.shape
        total = torch.zeros(channels, dtype=torch.float64)
        products = torch.zeros(channels, channels, dtype=torch.float64)
        cells = torch.zeros(2, channels, GRID, GRID, dtype=torch.float64)
        for batch in images.batches():
            scaled = batch.double() / 255
            pixels = scaled.transpose(0, 1).flatten(1)
            total += pixels.sum(1)
            products += pixels @ pixels.T
            grid = adaptive_avg_pool2d(scaled, GRID)
            cells += torch.stack([grid.sum(0), grid.square().sum(0)])
        mean = total / (len(images) * height * width)
        covariance = products / (len(images) * height * width) - torch.outer(mean, mean)
        # Rounding may make a variance of 0 slightly negative.
        covariance.diagonal().clamp_(min=0)
        first, second = cells / len(images)
        layout = torch.stack([first, (second - first**2).clamp(min=0).sqrt()])
        return cls(mean, covariance, layout)


@dataclass(frozen=True)
class Moments:
    """Differences between the color moments of real and generated images, channels in [0, 1]."""

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The root mean square of the differences of each moment.

        ``moments/mean`` and ``moments/std`` are those of each channel over all pixels,
        ``moments/covariance`` is that of the channels, in squared units. ``moments/layout`` is the
        mean and standard deviation over the images of each cell of an 8 x 8 grid.
        """
        a, b = ColorMoments.of(real), ColorMoments.of(fake)
        differences = {
            "mean": a.mean - b.mean,
            "std": a.std - b.std,
            "covariance": a.covariance - b.covariance,
            "layout": a.layout - b.layout,
        }
        return {
            f"moments/{name}": MetricValue(difference.square().mean().sqrt().item(), len(fake))
            for name, difference in differences.items()
        }

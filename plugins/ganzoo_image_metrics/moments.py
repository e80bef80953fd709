"""The colors of images in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo import ImageSet, MetricValue, Options

GRID = 8
"""Cells of the layout, in height and width."""


@dataclass(frozen=True)
class Colors:
    """Moments of a set of images, of channels in 0..1, float64."""

    mean: Tensor
    """Of each channel over all pixels, (C,)."""
    covariance: Tensor
    """Of the channels over all pixels, (C, C)."""
    layout: Tensor
    """Mean and standard deviation over the images of each cell's mean, (2, C, 8, 8)."""

    @property
    def std(self) -> Tensor:
        """Of each channel over all pixels, (C,)."""
        return self.covariance.diagonal().sqrt()

    @classmethod
    def of(cls, sample: ImageSet) -> Colors:
        """Those of all its images, in one pass."""
        channels, height, width = sample.shape
        total = torch.zeros(channels, dtype=torch.float64)
        products = torch.zeros(channels, channels, dtype=torch.float64)
        cells = torch.zeros(2, channels, GRID, GRID, dtype=torch.float64)
        for batch in sample.batches():
            images = batch.double() / 255
            pixels = images.transpose(0, 1).flatten(1)
            total += pixels.sum(1)
            products += pixels @ pixels.T
            grid = adaptive_avg_pool2d(images, GRID)
            cells += torch.stack([grid.sum(0), grid.square().sum(0)])
        mean = total / (len(sample) * height * width)
        covariance = products / (len(sample) * height * width) - torch.outer(mean, mean)
        # Rounding may leave a variance of 0 a little below it.
        covariance.diagonal().clamp_(min=0)
        first, second = cells / len(sample)
        layout = torch.stack([first, (second - first**2).clamp(min=0).sqrt()])
        return cls(mean, covariance, layout)


@dataclass(frozen=True)
class Moments:
    """Differences between the colors of real and of generated images, with channels in 0..1."""

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The root mean square of each difference.

        ``moments/mean`` and ``moments/std`` are of the channels over all pixels,
        ``moments/covariance`` is between channels, in squared units, and ``moments/layout`` is of
        the mean and standard deviation of each cell of an 8 x 8 grid over the images.
        """
        a, b = Colors.of(real), Colors.of(fake)
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

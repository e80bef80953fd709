"""The sliced Wasserstein distance between patches of real and of generated images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ganzoo import ImageSet, ImageShape, MetricValue, RequestError
from ganzoo_image_metrics.pyramid import detail

if TYPE_CHECKING:
    from ganzoo_image_metrics import SlicedWassersteinOptions

SIDE = 7
"""Pixels in height and width of a neighborhood."""
SMALLEST = 16
"""Pixels of the coarsest level, unless the images themselves are smaller."""
DIRECTIONS = 512
"""The paper's 4 x 128 projections."""
AT_ONCE = 16
"""Projections that are in memory together."""


@dataclass(frozen=True)
class SlicedWasserstein:
    """x 10^3, for each level of a Laplacian pyramid and on average (Karras et al. 2017, section 5).

    Equally many real and generated images are compared, evenly chosen. In memory are the
    neighborhoods of one level: 588 bytes x 2 x images x patches for images in color.
    Each set is normalized by itself, so a shift of color or of contrast goes unseen.
    """

    options: SlicedWassersteinOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """``swd/32`` and so on, by the height of the level in pixels, and their mean ``swd``.

        Raises :class:`~ganzoo.RequestError` where a neighborhood is larger than the image.
        """
        if min(real.shape.height, real.shape.width) < SIDE:
            raise RequestError(
                f"swd compares neighborhoods of {SIDE} x {SIDE} pixels, and these images are only "
                f"{real.shape.size}"
            )
        n = min(len(real), len(fake), self.options.images)
        shapes = real.shape.halved_shapes(SMALLEST)[::-1]
        distances = {
            _name(shape): 1e3 * self._distance(real, fake, n, level, shapes)
            for level, shape in enumerate(shapes)
        }
        distances["swd"] = fmean(distances.values())
        return {name: MetricValue(distance, n) for name, distance in distances.items()}

    def _distance(
        self, real: ImageSet, fake: ImageSet, n: int, level: int, shapes: list[ImageShape]
    ) -> float:
        random = np.random.Generator(np.random.Philox(level))
        # The same corners in both sets, so that no distance comes from where one looked.
        bounds = np.array([shapes[level].height, shapes[level].width]) - SIDE + 1
        drawn = random.integers(bounds[:, None, None], size=(2, n, self.options.patches))
        corners = torch.from_numpy(drawn)
        a, b = (_descriptors(sample, corners, level, len(shapes)) for sample in (real, fake))
        return sliced_distance(a, b, directions(a.shape[1], random))


def _name(shape: ImageShape) -> str:
    square = shape.height == shape.width
    return f"swd/{shape.height}" if square else f"swd/{shape.width}x{shape.height}"


def _descriptors(sample: ImageSet, corners: Tensor, level: int, levels: int) -> Tensor:
    """Neighborhoods at ``corners`` (2, N, patches) of one level, (N * patches, C * 49)."""
    _, n, patches = corners.shape
    channels = 3 if sample.shape.channels == 1 else sample.shape.channels
    found = torch.empty(n, patches, channels, SIDE, SIDE)
    done = 0
    for images in evenly(sample, n):
        images = detail(images.float().expand(-1, channels, -1, -1), level, levels)
        some = slice(done, done + len(images))
        found[some] = neighborhoods(images, corners[:, some])
        done = some.stop
    return standardize(found.flatten(0, 1)).flatten(1)


def evenly(sample: ImageSet, n: int) -> Iterator[Tensor]:
    """``n`` of the sample's images at equal distances, batch by batch."""
    chosen = torch.arange(n) * len(sample) // n
    start = 0
    for batch in sample.batches():
        yield batch[chosen[(start <= chosen) & (chosen < start + len(batch))] - start]
        start += len(batch)


def neighborhoods(images: Tensor, corners: Tensor) -> Tensor:
    """Those whose upper left pixels are ``corners`` (2, N, patches), (N, patches, C, 7, 7)."""
    y, x = corners
    windows = images.unfold(2, SIDE, 1).unfold(3, SIDE, 1)
    return windows[torch.arange(len(images))[:, None], :, y, x]


def standardize(descriptors: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 in each channel, (M, C, 7, 7), in place."""
    std, mean = torch.std_mean(descriptors, dim=(0, 2, 3), correction=0, keepdim=True)
    return descriptors.sub_(mean).div_(torch.where(std > 0, std, 1))


def directions(dimensions: int, random: np.random.Generator) -> Tensor:
    """Unit vectors, evenly distributed over the sphere, float32 (512, dimensions)."""
    drawn = torch.from_numpy(random.standard_normal((DIRECTIONS, dimensions)))
    return normalize(drawn).float()


def sliced_distance(a: Tensor, b: Tensor, directions: Tensor) -> float:
    """The mean over the directions of W_1 between the projections of equally many points (M, D).

    In one dimension W_1 is the mean distance between the sorted points.
    """
    total = 0.0
    for some in directions.split(AT_ONCE):
        # NumPy sorts floats many times faster than torch.
        x, y = (np.sort((some @ points.T).numpy()) for points in (a, b))
        total += float(np.abs(x - y).mean(1, dtype=np.float64).sum())
    return total / len(directions)

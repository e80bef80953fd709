"""The sliced Wasserstein distance between patches of real and generated images."""

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
from ganzoo_image_metrics.pyramid import laplacian_level

if TYPE_CHECKING:
    from ganzoo_image_metrics import SlicedWassersteinOptions

PATCH_SIZE = 7
"""Height and width of a patch in pixels."""
COARSEST_SIZE = 16
"""The minimum height and width of the coarsest level in pixels, unless images are smaller."""
NUM_PROJECTIONS = 512
"""The number of projections; 4 x 128 in the paper."""
PROJECTIONS_PER_CHUNK = 16
"""The number of projections that are in memory at the same time."""


@dataclass(frozen=True)
class SlicedWasserstein:
    """Sliced Wasserstein distance x 10^3 per level of a Laplacian pyramid, and their mean.

    Karras et al. 2017, section 5. Equally many real and generated images are compared. The patches
    of one level are in memory: 588 bytes x 2 x images x patches for RGB images. Each set of patches
    is normalized separately, so the distance does not depend on brightness or contrast.
    """

    options: SlicedWassersteinOptions

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """``swd/32`` and so on, by the height of the level in pixels, and their mean ``swd``.

        Raises :class:`~ganzoo.RequestError` if images are smaller than a patch.
        """
        if min(real.shape.height, real.shape.width) < PATCH_SIZE:
            raise RequestError(
                f"swd compares patches of {PATCH_SIZE} x {PATCH_SIZE} pixels, and these images are "
                f"only {real.shape.size}"
            )
        n = min(len(real), len(fake), self.options.images)
        shapes = real.shape.halved_shapes(COARSEST_SIZE)[::-1]
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
        # The same corners for both sets, so that the positions do not add to the distance.
        bounds = np.array([shapes[level].height, shapes[level].width]) - PATCH_SIZE + 1
        drawn = random.integers(bounds[:, None, None], size=(2, n, self.options.patches))
        corners = torch.from_numpy(drawn)
        a, b = (_descriptors(each, corners, level, len(shapes)) for each in (real, fake))
        return sliced_wasserstein(a, b, sample_directions(a.shape[1], random))


def _name(shape: ImageShape) -> str:
    square = shape.height == shape.width
    return f"swd/{shape.height}" if square else f"swd/{shape.width}x{shape.height}"


def _descriptors(images: ImageSet, corners: Tensor, level: int, levels: int) -> Tensor:
    """Normalized patches at ``corners`` (2, N, patches) of one level, (N * patches, C * 49).

    Gray images have C = 3 equal channels.
    """
    _, n, patches = corners.shape
    channels = 3 if images.shape.channels == 1 else images.shape.channels
    descriptors = torch.empty(n, patches, channels, PATCH_SIZE, PATCH_SIZE)
    done = 0
    for batch in select_evenly(images, n):
        details = laplacian_level(batch.float().expand(-1, channels, -1, -1), level, levels)
        rows = slice(done, done + len(details))
        descriptors[rows] = extract_patches(details, corners[:, rows])
        done = rows.stop
    return standardize(descriptors.flatten(0, 1)).flatten(1)


def select_evenly(images: ImageSet, n: int) -> Iterator[Tensor]:
    """``n`` images at equal distances in their order, batch by batch."""
    chosen = torch.arange(n) * len(images) // n
    start = 0
    for batch in images.batches():
        yield batch[chosen[(start <= chosen) & (chosen < start + len(batch))] - start]
        start += len(batch)


def extract_patches(images: Tensor, corners: Tensor) -> Tensor:
    """The patches (N, patches, C, 7, 7) whose upper left pixels are ``corners`` (2, N, patches)."""
    y, x = corners
    windows = images.unfold(2, PATCH_SIZE, 1).unfold(3, PATCH_SIZE, 1)
    return windows[torch.arange(len(images))[:, None], :, y, x]


def standardize(descriptors: Tensor) -> Tensor:
    """Normalize each channel of (M, C, 7, 7) to mean 0 and standard deviation 1, in place."""
    std, mean = torch.std_mean(descriptors, dim=(0, 2, 3), correction=0, keepdim=True)
    return descriptors.sub_(mean).div_(torch.where(std > 0, std, 1))


def sample_directions(dimensions: int, random: np.random.Generator) -> Tensor:
    """Unit vectors, uniform on the sphere, float32 (512, dimensions)."""
    drawn = torch.from_numpy(random.standard_normal((NUM_PROJECTIONS, dimensions)))
    return normalize(drawn).float()


def sliced_wasserstein(a: Tensor, b: Tensor, directions: Tensor) -> float:
    """The mean over ``directions`` (K, D) of W_1 between the projections of a and b, (M, D) each.

    In one dimension, W_1 is the mean distance between the sorted points.
    """
    total = 0.0
    for chunk in directions.split(PROJECTIONS_PER_CHUNK):
        # NumPy sorts floats several times faster than torch.
        x, y = (np.sort((chunk @ points.T).numpy()) for points in (a, b))
        total += float(np.abs(x - y).mean(1, dtype=np.float64).sum())
    return total / len(directions)

"""The structural similarity of images at several scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ganzoo import ImageSet, ImageShape, MetricValue, Options

WINDOW = 11
"""Pixels in height and width of the Gaussian window, whose standard deviation is 1.5."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponent of each scale, the finest first (Wang et al. 2003)."""
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""What keeps quotients stable where images are dark or flat."""


@dataclass(frozen=True)
class Similarity:
    """Multi-scale structural similarity of pairs of generated images: 1 is the same image.

    Odena et al. 2016, section 4.2. Real images are not looked at: what the same number is for
    them says what is high.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The mean over pairs, named by its number of scales: ``ms-ssim/2-scales`` at 32 pixels.

        Each image is in one pair. One image alone gives no number.
        """
        n = len(fake) // 2 * 2
        if n == 0:
            return {}
        found = torch.cat([multi_scale_similarity(x, y) for x, y in pairs(fake)])
        name = f"ms-ssim/{scales(fake.shape)}-scales"
        return {name: MetricValue(found.mean(dtype=torch.float64).item(), n)}


def scales(shape: ImageShape) -> int:
    """How often the image can be halved and still hold the window, from 1 to 5."""
    side = min(shape.height, shape.width)
    return max(1, sum(side >= WINDOW << halvings for halvings in range(len(WEIGHTS))))


def pairs(sample: ImageSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Images, uint8 (N, C, H, W), and as many others, drawn by a fixed seed.

    Neighbors would not do: where images lie class by class they are of one class.
    """
    images = torch.cat(list(sample.batches()))
    keys = np.random.Philox(key=0).random_raw(len(images))
    order = torch.from_numpy(np.argsort(keys, kind="stable"))
    half = len(images) // 2
    for one, other in zip(order[:half].split(64), order[half : 2 * half].split(64), strict=True):
        yield images[one], images[other]


def multi_scale_similarity(x: Tensor, y: Tensor) -> Tensor:
    """prod_j cs_j^{w_j} over all scales but the last, times ssim^w there (Wang et al. 2003), (N,).

    Of uint8 images (N, C, H, W). The weights are those of the scales there are, with the sum 1.
    A negative factor has no such power and counts as 0.
    """
    weights = torch.tensor(WEIGHTS[: scales(ImageShape(*x.shape[1:]))])
    weights /= weights.sum()
    x, y = x.float(), y.float()
    product = torch.ones(len(x))
    for weight in weights[:-1]:
        _, cs = structural_similarity(x, y)
        product *= cs.clamp(min=0) ** weight
        # Where a side is odd, the last pixel has no neighbor and is its own mean.
        x, y = (avg_pool2d(images, 2, ceil_mode=True) for images in (x, y))
    ssim, _ = structural_similarity(x, y)
    return product * ssim.clamp(min=0) ** weights[-1]


def structural_similarity(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM and its part of contrast and structure, each the mean over an image, (N,).

    Wang et al. 2004, equation 13, on float32 images in 0..255.
    """
    mu_x, mu_y = _window(x), _window(y)
    var_x, var_y = _window(x * x) - mu_x**2, _window(y * y) - mu_y**2
    cov = _window(x * y) - mu_x * mu_y
    luminance = (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1)
    cs = (2 * cov + C2) / (var_x + var_y + C2)
    return (luminance * cs).mean((1, 2, 3)), cs.mean((1, 2, 3))


def _window(images: Tensor) -> Tensor:
    """Means under the window wherever it fits; it shrinks to images that are smaller."""
    size = min(WINDOW, *images.shape[2:])
    at = torch.arange(size) - (size - 1) / 2
    gaussian = torch.exp(-((at / (1.5 * size / WINDOW)) ** 2) / 2)
    gaussian /= gaussian.sum()
    planes = images.flatten(0, 1)[:, None]
    means = conv2d(conv2d(planes, gaussian[None, None, :, None]), gaussian[None, None, None, :])
    return means.view(*images.shape[:2], *means.shape[2:])

"""Multi-scale structural similarity (MS-SSIM) of pairs of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ganzoo import ImageSet, ImageShape, MetricValue, Options

WINDOW = 11
"""Height and width of the Gaussian window in pixels; its standard deviation is 1.5."""
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponent of each scale, finest first (Wang et al. 2003)."""
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants that stabilize the quotients of dark and of flat images (Wang et al. 2004)."""


@dataclass(frozen=True)
class MsSsim:
    """The mean MS-SSIM of pairs of generated images; 1 for equal images.

    Odena et al. 2017, section 4.2. Real images are not used; the value is compared with its
    baseline, which is the same value of real images.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The mean over pairs, named by the number of scales: ``ms-ssim/2-scales`` at 32 pixels.

        Each image is in one pair. A single image has no value.
        """
        n = len(fake) // 2 * 2
        if n == 0:
            return {}
        similarities = torch.cat([ms_ssim(x, y) for x, y in random_pairs(fake)])
        name = f"ms-ssim/{num_scales(fake.shape)}-scales"
        return {name: MetricValue(similarities.mean(dtype=torch.float64).item(), n)}


def num_scales(shape: ImageShape) -> int:
    """The number of scales, 1 to 5: as long as the window fits into the image."""
    side = min(shape.height, shape.width)
    return max(1, sum(side >= WINDOW << halvings for halvings in range(len(WEIGHTS))))


def random_pairs(images: ImageSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pairs of images, uint8 (N, C, H, W) each, from a random order with a fixed seed.

    Images that are next to each other may have the same class.
    """
    pixels = torch.cat(list(images.batches()))
    keys = np.random.Philox(key=0).random_raw(len(pixels))
    order = torch.from_numpy(np.argsort(keys, kind="stable"))
    half = len(pixels) // 2
    for one, other in zip(order[:half].split(64), order[half : 2 * half].split(64), strict=True):
        yield pixels[one], pixels[other]


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """MS-SSIM = ssim_M^{w_M} prod_{j < M} cs_j^{w_j} of uint8 images (N, C, H, W); (N,).

    Wang et al. 2003. M is the number of scales, and the weights of the first M scales
    are divided by their sum. Negative factors are set to 0.
    """
    weights = torch.tensor(WEIGHTS[: num_scales(ImageShape(*x.shape[1:]))])
    weights /= weights.sum()
    x, y = x.float(), y.float()
    product = torch.ones(len(x))
    for weight in weights[:-1]:
        _, cs = ssim_and_cs(x, y)
        product *= cs.clamp(min=0) ** weight
        # With an odd side, the last row or column is averaged without a second one.
        x, y = (avg_pool2d(images, 2, ceil_mode=True) for images in (x, y))
    ssim, _ = ssim_and_cs(x, y)
    return product * ssim.clamp(min=0) ** weights[-1]


def ssim_and_cs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM and its contrast-structure term cs, both as means over an image, (N,).

    Wang et al. 2004, equation 13, of float32 images in [0, 255].
    """
    mu_x, mu_y = _window_means(x), _window_means(y)
    var_x, var_y = _window_means(x * x) - mu_x**2, _window_means(y * y) - mu_y**2
    cov = _window_means(x * y) - mu_x * mu_y
    luminance = (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1)
    cs = (2 * cov + C2) / (var_x + var_y + C2)
    return (luminance * cs).mean((1, 2, 3)), cs.mean((1, 2, 3))


def _window_means(images: Tensor) -> Tensor:
    """Gaussian-weighted means at all positions of the window; smaller images have a smaller one."""
    size = min(WINDOW, *images.shape[2:])
    positions = torch.arange(size) - (size - 1) / 2
    gaussian = torch.exp(-((positions / (1.5 * size / WINDOW)) ** 2) / 2)
    gaussian /= gaussian.sum()
    planes = images.flatten(0, 1)[:, None]
    means = conv2d(conv2d(planes, gaussian[None, None, :, None]), gaussian[None, None, None, :])
    return means.view(*images.shape[:2], *means.shape[2:])

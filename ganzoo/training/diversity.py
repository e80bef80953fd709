"""The diversity of images, and the detection of mode collapse."""

from __future__ import annotations

import torch
from torch import Tensor

COLLAPSED = 0.1
"""Samples with less than this fraction of the diversity of real images have collapsed."""


def diversity(images: Tensor) -> float:
    """The mean distance of an image to its nearest neighbor, in [0, 1]; 0 if all have a copy.

    ``images`` are uint8 (N, C, H, W), N >= 2. A distance is the root mean square difference of
    pixels, scaled so that black and white have the distance 1.
    """
    flat = images.flatten(1).double() / 255
    squares = flat.square().sum(1)
    distances = (squares[:, None] + squares - 2 * flat @ flat.T).clamp(min=0) / flat.shape[1]
    distances.fill_diagonal_(torch.inf)
    return float(distances.min(1).values.sqrt().mean())


_WARMUP_IMAGES = 100_000
"""Images seen after which every generator is expected to make diverse images."""


class CollapseDetector:
    """Detects, once, that the diversity of the samples has collapsed.

    It starts when the samples are diverse for the first time, or after a number of images seen.
    """

    def __init__(self) -> None:
        self._active = False
        self._warned = False

    def collapsed(self, ratio: float, images_seen: int) -> bool:
        """Whether to warn now; ``ratio`` is the diversity of samples / that of real images."""
        self._active = self._active or ratio > 2 * COLLAPSED or images_seen > _WARMUP_IMAGES
        if not self._active or self._warned or ratio >= COLLAPSED:
            return False
        self._warned = True
        return True

"""How different images are from each other, and whether a generator has collapsed."""

from __future__ import annotations

import torch
from torch import Tensor

COLLAPSED = 0.1
"""Of the diversity of real images; a generator that makes less repeats itself."""


def diversity(images: Tensor) -> float:
    """The mean distance of an image to the one most like it, in [0, 1]: 0 where all have a twin.

    ``images`` are uint8 (N, C, H, W), at least two; a distance is the root of the mean square
    of the differences of their pixels, of which 1 is that of black and white.
    """
    flat = images.flatten(1).double() / 255
    squares = flat.square().sum(1)
    distances = (squares[:, None] + squares - 2 * flat @ flat.T).clamp(min=0) / flat.shape[1]
    distances.fill_diagonal_(torch.inf)
    return float(distances.min(1).values.sqrt().mean())


_TIME = 100_000
"""Real images shown by when any generator makes images that differ."""


class CollapseWatch:
    """Notices that a generator that made diverse images does so no more, once.

    One that never did is given some time to learn to.
    """

    def __init__(self) -> None:
        self._armed = False
        self._warned = False

    def collapsed(self, ratio: float, images_seen: int) -> bool:
        """Whether to warn: ``ratio`` is the samples' diversity to that of real images."""
        self._armed = self._armed or ratio > 2 * COLLAPSED or images_seen > _TIME
        if not self._armed or self._warned or ratio >= COLLAPSED:
            return False
        self._warned = True
        return True

"""The diversity of images."""

from __future__ import annotations

import torch
from torch import Tensor


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

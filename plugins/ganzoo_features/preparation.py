"""What happens to images before a network sees them: three channels, and one size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def by_threes(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Features (N, G D) of a network with three channels, for images (N, C, H, W) of any number.

    Channels go in by threes, G groups of them, and the features of the groups come side by side.
    The last channel is repeated where a group is not full: gray images are gray in three.
    """
    count, channels, height, width = images.shape
    missing = -channels % 3
    whole = torch.cat([images, images[:, -1:].expand(-1, missing, -1, -1)], dim=1)
    return network(whole.reshape(-1, 3, height, width)).reshape(count, -1)


def resized(images: Tensor, side: int, weights: Callable[[int, int], Tensor]) -> Tensor:
    """Images (N, C, side, side), float32 in the range they had, of any (N, C, H, W).

    ``weights(before, after)`` are those of each pixel before (columns) in each after (rows).
    """
    height, width = images.shape[2:]
    vertical = weights(height, side).to(images.device)
    horizontal = weights(width, side).to(images.device)
    return vertical @ images.float() @ horizontal.T


def antialiased(before: int, after: int) -> Tensor:
    """Linear interpolation between the centers of pixels; a shrunk pixel is a mean of many.

    Each is a triangle that reaches one pixel far, of those before or after: the larger.
    """
    scale = before / after
    reach = max(scale, 1.0)
    centers = (np.arange(after) + 0.5) * scale - 0.5
    distances = np.abs(centers[:, None] - np.arange(before)) / reach
    triangles = np.maximum(1 - distances, 0)
    return torch.from_numpy(triangles / triangles.sum(1, keepdims=True)).float()


def tensorflow1(before: int, after: int) -> Tensor:
    """Linear interpolation between the corners of pixels, as TensorFlow 1 had it.

    Pixel i after lies at i before / after among those before; nothing is smoothed when shrunk.
    """
    places = np.arange(after) * (before / after)
    left = np.floor(places).astype(np.int64)
    share = places - left
    weights = np.zeros((after, before))
    rows = np.arange(after)
    weights[rows, left] += 1 - share
    weights[rows, np.minimum(left + 1, before - 1)] += share
    return torch.from_numpy(weights).float()

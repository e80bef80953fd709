"""Preparation of images for a network: three channels, and one size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor


def apply_per_three_channels(network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Features (N, G * D) of images (N, C, H, W) by a network for three channels.

    The channels are split into G = ceil(C / 3) groups of three, and the features of the groups are
    concatenated. The last channel is repeated to fill the last group: gray becomes gray RGB.
    """
    return network(_threes(images)).reshape(len(images), -1)


def maps_per_three_channels(
    network: Callable[[Tensor], Sequence[Tensor]], images: Tensor
) -> list[Tensor]:
    """Feature maps (N, G * D, H', W') of each layer, of float images (N, C, H, W) in [-1, 1].

    The network gets groups of three channels in [0, 255], as in ``apply_per_three_channels``.
    """
    maps = network(_threes((images + 1) * 127.5))
    return [each.reshape(len(images), -1, *each.shape[2:]) for each in maps]


def _threes(images: Tensor) -> Tensor:
    """The groups of three channels, (N * G, 3, H, W)."""
    missing = -images.shape[1] % 3
    padded = torch.cat([images, images[:, -1:].expand(-1, missing, -1, -1)], dim=1)
    return padded.reshape(-1, 3, *images.shape[2:])


def resize(images: Tensor, side: int, weights: Callable[[int, int], Tensor]) -> Tensor:
    """Images (N, C, H, W) resized to float32 (N, C, side, side), in the same range.

    ``weights(before, after)`` is the matrix (after, before) of the resampling along one axis.
    """
    height, width = images.shape[2:]
    vertical = weights(height, side).to(images.device)
    horizontal = weights(width, side).to(images.device)
    return vertical @ images.float() @ horizontal.T


def bilinear_antialiased(before: int, after: int) -> Tensor:
    """Weights (after, before) of linear interpolation with antialiasing, between pixel centers.

    They equal ``interpolate(mode="bilinear", antialias=True)`` of torch: a triangle filter whose
    radius is one input pixel, or one output pixel if that is larger.
    """
    scale = before / after
    radius = max(scale, 1.0)
    centers = (np.arange(after) + 0.5) * scale - 0.5
    distances = np.abs(centers[:, None] - np.arange(before)) / radius
    triangles = np.maximum(1 - distances, 0)
    return torch.from_numpy(triangles / triangles.sum(1, keepdims=True)).float()


def bilinear_tensorflow1(before: int, after: int) -> Tensor:
    """Weights (after, before) of linear interpolation as in TensorFlow 1, without antialiasing.

    Output pixel i is at the input position i * before / after (``align_corners=False`` without
    half-pixel centers).
    """
    positions = np.arange(after) * (before / after)
    left = np.floor(positions).astype(np.int64)
    fraction = positions - left
    weights = np.zeros((after, before))
    rows = np.arange(after)
    weights[rows, left] += 1 - fraction
    weights[rows, np.minimum(left + 1, before - 1)] += fraction
    return torch.from_numpy(weights).float()

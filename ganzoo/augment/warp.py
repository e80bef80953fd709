"""Moves the pixels of images."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (N, C, H, W) whose points have gone where affine matrices (N, 3, 3) send them.

    The coordinates are those of :meth:`ganzoo.GeometricAugmentation.sample_affine`. Pixels are
    interpolated bilinearly. Beyond its border an image goes on as its own reflection: a generator
    would learn to draw smeared or black margins.
    """
    grid = _sources(matrices.to(images.dtype), *images.shape[2:])
    return grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _sources(matrices: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel of the result comes from, (N, H, W, 2), as ``grid_sample`` wants it."""
    aspect = width / height
    # Not affine_grid, whose pixel centers are rounded: these are exact for powers of two, so
    # that what only flips or does nothing blurs nothing.
    u = _centers(width, matrices)
    v = _centers(height, matrices)[:, None]
    # inv would wait for the device; inv_ex does not.
    inverse = torch.linalg.inv_ex(matrices).inverse[..., None, None]
    (xx, xy, x), (yx, yy, y) = inverse[:, 0].unbind(1), inverse[:, 1].unbind(1)
    across = torch.stack((xx * u, yx * aspect * u), dim=-1)  # (N, 1, W, 2)
    down = torch.stack(((xy * v + x) / aspect, yy * v + y), dim=-1)  # (N, H, 1, 2)
    return across + down


def _centers(size: int, like: Tensor) -> Tensor:
    """The centers of ``size`` pixels that lie side by side between -1 and 1."""
    return (2 * torch.arange(size, dtype=like.dtype, device=like.device) + 1 - size) / size

"""Affine warps of images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

_BILINEAR, _REFLECTION = 0, 2
"""The numbers of torch's interpolation and padding modes."""


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (N, C, H, W) transformed by affine matrices (N, 3, 3).

    The coordinates are those of :meth:`ganzoo.GeometricAugmentation.sample_affine`. Pixels are
    interpolated bilinearly. Images are padded by reflection, because a generator would learn
    smeared or black margins.
    """
    grid = _sampling_grid(matrices.to(images.dtype), *images.shape[2:])
    warped: Tensor = _Sample.apply(images, grid)
    return warped


class _Sample(Function):
    """Samples images at a grid: a linear map W of the images, so its derivative is W^T.

    torch's own function has no second derivative on all devices and in all versions, which a
    gradient penalty through an augmentation needs.
    """

    @staticmethod
    def forward(context: Any, images: Tensor, grid: Tensor) -> Tensor:
        context.save_for_backward(grid)
        return torch.grid_sampler(images, grid, _BILINEAR, _REFLECTION, False)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Distribute.apply(gradient, *context.saved_tensors), None


class _Distribute(Function):
    """W^T: adds each value to the pixels that were sampled for it. Its derivative is W."""

    @staticmethod
    def forward(context: Any, values: Tensor, grid: Tensor) -> Tensor:
        context.save_for_backward(grid)
        images: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            # Of the images only the shape matters, which is that of the values.
            *(values, values, grid, _BILINEAR, _REFLECTION, False),
            (True, False),
        )[0]
        return images

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Sample.apply(gradient, *context.saved_tensors), None


def _sampling_grid(matrices: Tensor, height: int, width: int) -> Tensor:
    """The input coordinates of each output pixel for ``grid_sample``, (N, H, W, 2)."""
    aspect = width / height
    # affine_grid rounds pixel centers. These are exact for powers of two, so that the identity
    # and flips do not blur.
    u = _pixel_centers(width, matrices)
    v = _pixel_centers(height, matrices)[:, None]
    # inv synchronizes with the device; inv_ex does not.
    inverse = torch.linalg.inv_ex(matrices).inverse[..., None, None]
    (xx, xy, x), (yx, yy, y) = inverse[:, 0].unbind(1), inverse[:, 1].unbind(1)
    across = torch.stack((xx * u, yx * aspect * u), dim=-1)  # (N, 1, W, 2)
    down = torch.stack(((xy * v + x) / aspect, yy * v + y), dim=-1)  # (N, H, 1, 2)
    return across + down


def _pixel_centers(size: int, like: Tensor) -> Tensor:
    """The centers of ``size`` adjacent pixels that fill [-1, 1], (size,)."""
    return (2 * torch.arange(size, dtype=like.dtype, device=like.device) + 1 - size) / size

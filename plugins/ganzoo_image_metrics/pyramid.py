"""The Laplacian pyramid of Burt & Adelson 1983."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

_BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def laplacian_level(images: Tensor, level: int, levels: int) -> Tensor:
    """Level i = ``level`` of ``levels``, the finest is 0, of float32 images (N, C, H, W).

    L_i = g_i - up(g_{i+1}) with g_0 the images and g_{i+1} = down(g_i); the last level is g_i
    (Burt & Adelson 1983).
    """
    for _ in range(level):
        images = _down(images)
    return images if level == levels - 1 else images - _up(_down(images))


def _down(images: Tensor) -> Tensor:
    return _blur(images, stride=2)


def _up(images: Tensor) -> Tensor:
    n, channels, height, width = images.shape
    upsampled = images.new_zeros(n, channels, 2 * height, 2 * width)
    upsampled[..., ::2, ::2] = 4 * images
    return _blur(upsampled)


def _blur(images: Tensor, stride: int = 1) -> Tensor:
    channels = images.shape[1]
    kernel = torch.outer(_BINOMIAL, _BINOMIAL).expand(channels, 1, 5, 5)
    # On CPUs, a depthwise convolution is several times faster with channels last.
    padded = pad(images, (2, 2, 2, 2), mode="reflect").to(memory_format=torch.channels_last)
    return conv2d(padded, kernel, stride=stride, groups=channels)

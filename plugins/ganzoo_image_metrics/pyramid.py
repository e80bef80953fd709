"""The Laplacian pyramid: an image as details of ever coarser scale."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

_BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def detail(images: Tensor, level: int, levels: int) -> Tensor:
    """Level ``level`` of ``levels``, the finest first, of float32 images (N, C, H, W).

    With g_0 the images and g_{i+1} = down(g_i), it is g_i - up(g_{i+1}), and the last is g_n itself
    (Burt & Adelson 1983).
    """
    for _ in range(level):
        images = _down(images)
    return images if level == levels - 1 else images - _up(_down(images))


def _down(images: Tensor) -> Tensor:
    return _blur(images, stride=2)


def _up(images: Tensor) -> Tensor:
    n, channels, height, width = images.shape
    spread = images.new_zeros(n, channels, 2 * height, 2 * width)
    spread[..., ::2, ::2] = 4 * images
    return _blur(spread)


def _blur(images: Tensor, stride: int = 1) -> Tensor:
    channels = images.shape[1]
    kernel = torch.outer(_BINOMIAL, _BINOMIAL).expand(channels, 1, 5, 5)
    # On the CPU a convolution of each channel by itself is many times faster in this format.
    padded = pad(images, (2, 2, 2, 2), mode="reflect").to(memory_format=torch.channels_last)
    return conv2d(padded, kernel, stride=stride, groups=channels)

"""What a machine reaches at most: matrix products, convolutions and copies of large tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch.nn.functional import conv2d

from ganzoo.benchmark.timing import seconds_of


class _Sizes(NamedTuple):
    """Sizes that take long enough to be measured, and not longer."""

    matrix: int
    """Rows and columns of each matrix."""
    images: int
    channels: int
    """Channels of the images that are convolved by 3 x 3, before and after."""
    pixels: int
    """Their height and width."""
    copied: int
    """Bytes that are copied, more than fit into a cache."""


_ON_CPU = _Sizes(matrix=1536, images=16, channels=128, pixels=32, copied=2**28)
_ON_ACCELERATOR = _Sizes(matrix=8192, images=64, channels=256, pixels=64, copied=2**30)


@dataclass(frozen=True)
class Ceiling:
    """Rates of large operations with the present number of threads."""

    matrix_product: float
    """Floating point operations per second of a matrix product."""
    convolution: float
    """Floating point operations per second of a 3 x 3 convolution."""
    copy: float
    """Bytes per second that are read and written by a copy, both counted."""

    @classmethod
    def measure(
        cls,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        layout: torch.memory_format = torch.channels_last,
    ) -> Self:
        """Measure a device for about a second, with tensors of this type and memory format."""
        sizes = _ON_CPU if device.type == "cpu" else _ON_ACCELERATOR
        return cls(
            _matrix_product(sizes, device, dtype),
            _convolution(sizes, device, dtype, layout),
            _copy(sizes, device),
        )

    def mean(self, other: Ceiling) -> Ceiling:
        """The mean of two measurements."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Ceiling(*((a + b) / 2 for a, b in pairs))


def matrix_product(device: torch.device) -> float:
    """Floating point operations per second of a matrix product, measured for a moment."""
    sizes = _ON_CPU if device.type == "cpu" else _ON_ACCELERATOR
    return _matrix_product(sizes, device, torch.float32)


@torch.no_grad()
def _matrix_product(sizes: _Sizes, device: torch.device, dtype: torch.dtype) -> float:
    n = sizes.matrix
    a, b, c = (torch.ones(n, n, device=device, dtype=dtype) for _ in range(3))
    return 2 * n**3 / seconds_of(lambda: torch.mm(a, b, out=c), device)


@torch.no_grad()
def _convolution(
    sizes: _Sizes, device: torch.device, dtype: torch.dtype, layout: torch.memory_format
) -> float:
    shape = (sizes.images, sizes.channels, sizes.pixels, sizes.pixels)
    images = torch.ones(shape, device=device, dtype=dtype).to(memory_format=layout)
    weight = torch.ones(sizes.channels, sizes.channels, 3, 3, device=device, dtype=dtype)
    weight = weight.to(memory_format=layout)
    operations = 2 * images.numel() * sizes.channels * 9
    return operations / seconds_of(lambda: conv2d(images, weight, padding=1), device)


@torch.no_grad()
def _copy(sizes: _Sizes, device: torch.device) -> float:
    source = torch.ones(sizes.copied // 4, device=device)
    target = torch.empty_like(source)
    return 2 * sizes.copied / seconds_of(lambda: target.copy_(source), device)

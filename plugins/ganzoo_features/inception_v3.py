"""Inception-v3; its layers have the names in the files of weights.

Szegedy et al. 2015, figures 5 to 7 and 10, with two differences of the TensorFlow release of
2015-12-05: average pools do not count padding, and the last block has a max pool instead of an
average pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo_features.preparation import bilinear_tensorflow1, resize

RESOLUTION = 299


class Conv(nn.Module):
    """A convolution without bias, batch norm and ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | tuple[int, int],
        padding: Literal["same", "valid"] = "same",
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """relu(bn(conv(x)))."""
        return relu(self.bn(self.conv(x)))


Branch = Sequence[Conv | tuple[Conv, Conv]]
"""Layers in sequence; two in a tuple have the same input, and their outputs are concatenated."""


class Block(nn.Module):
    """Parallel branches whose outputs are concatenated; ``branch_pool`` starts with ``pool``.

    The layers of a branch are named NAME_1, NAME_2 and so on, two in a tuple NAME_2a and NAME_2b.
    The layer of a branch with one layer is named NAME.
    """

    def __init__(self, pool: nn.Module, **branches: Branch) -> None:
        super().__init__()
        self.pool = pool
        self.branches = {
            name: [step if isinstance(step, tuple) else (step,) for step in branch]
            for name, branch in branches.items()
        }
        for name, steps in self.branches.items():
            for number, layers in enumerate(steps, 1):
                suffix = f"_{number}" if len(steps) > 1 else ""
                for layer, letter in zip(layers, "ab" if len(layers) > 1 else " ", strict=True):
                    self.add_module(f"{name}{suffix}{letter.strip()}", layer)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs of all branches, concatenated in their order."""
        outputs = []
        for name, steps in self.branches.items():
            y = self.pool(x) if name == "branch_pool" else x
            for layers in steps:
                y = torch.cat([layer(y) for layer in layers], dim=1)
            outputs.append(y)
        return torch.cat(outputs, dim=1)


def average_pool() -> nn.Module:
    """A 3 x 3 average pool of stride 1 that does not count padding."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def max_pool() -> nn.Module:
    """A 3 x 3 max pool of stride 1."""
    return nn.MaxPool2d(3, stride=1, padding=1)


def max_pool_stride_2() -> nn.Module:
    """A 3 x 3 max pool of stride 2."""
    return nn.MaxPool2d(3, stride=2)


def block_a(n: int, pooled: int) -> Block:
    """A 5 x 5 branch, and a branch with two 3 x 3 convolutions instead (figure 5)."""
    return Block(
        average_pool(),
        branch1x1=[Conv(n, 64, 1)],
        branch5x5=[Conv(n, 48, 1), Conv(48, 64, 5)],
        branch3x3dbl=[Conv(n, 64, 1), Conv(64, 96, 3), Conv(96, 96, 3)],
        branch_pool=[Conv(n, pooled, 1)],
    )


def block_b(n: int) -> Block:
    """Halves height and width (figure 10)."""
    return Block(
        max_pool_stride_2(),
        branch3x3=[Conv(n, 384, 3, "valid", 2)],
        branch3x3dbl=[Conv(n, 64, 1), Conv(64, 96, 3), Conv(96, 96, 3, "valid", 2)],
        branch_pool=[],
    )


def block_c(n: int, m: int) -> Block:
    """7 x 7 convolutions factorized into 1 x 7 and 7 x 1, with m channels (figure 6)."""
    row, column = (1, 7), (7, 1)
    return Block(
        average_pool(),
        branch1x1=[Conv(n, 192, 1)],
        branch7x7=[Conv(n, m, 1), Conv(m, m, row), Conv(m, 192, column)],
        branch7x7dbl=[
            *(Conv(n, m, 1), Conv(m, m, column), Conv(m, m, row)),
            *(Conv(m, m, column), Conv(m, 192, row)),
        ],
        branch_pool=[Conv(n, 192, 1)],
    )


def block_d(n: int) -> Block:
    """Halves height and width."""
    return Block(
        max_pool_stride_2(),
        branch3x3=[Conv(n, 192, 1), Conv(192, 320, 3, "valid", 2)],
        branch7x7x3=[
            *(Conv(n, 192, 1), Conv(192, 192, (1, 7)), Conv(192, 192, (7, 1))),
            Conv(192, 192, 3, "valid", 2),
        ],
        branch_pool=[],
    )


def block_e(n: int, pool: nn.Module) -> Block:
    """3 x 3 convolutions replaced by parallel 1 x 3 and 3 x 1 convolutions (figure 7)."""
    row, column = (1, 3), (3, 1)
    return Block(
        pool,
        branch1x1=[Conv(n, 320, 1)],
        branch3x3=[Conv(n, 384, 1), (Conv(384, 384, row), Conv(384, 384, column))],
        branch3x3dbl=[
            *(Conv(n, 448, 1), Conv(448, 384, 3)),
            (Conv(384, 384, row), Conv(384, 384, column)),
        ],
        branch_pool=[Conv(n, 192, 1)],
    )


class InceptionV3(nn.Module):
    """The network up to its features, with random weights; the classifier ``fc`` is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, "valid", 2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, "valid")
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.MaxPool_1 = max_pool_stride_2()
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, "valid")
        self.MaxPool_2 = max_pool_stride_2()
        self.Mixed_5b = block_a(192, 32)
        self.Mixed_5c = block_a(256, 64)
        self.Mixed_5d = block_a(288, 64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b = block_c(768, 128)
        self.Mixed_6c = block_c(768, 160)
        self.Mixed_6d = block_c(768, 160)
        self.Mixed_6e = block_c(768, 192)
        self.Mixed_7a = block_d(768)
        self.Mixed_7b = block_e(1280, average_pool())
        self.Mixed_7c = block_e(2048, max_pool())
        self.fc = nn.Linear(2048, 1008)

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, 2048) of images (N, 3, H, W) in [0, 255] of any size."""
        for _, x in self.outputs(images):
            last = x
        return last.mean((2, 3))

    def outputs(self, images: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The name and the output of each layer."""
        x = (resize(images, RESOLUTION, bilinear_tensorflow1) - 128) / 128
        x = x.contiguous(memory_format=torch.channels_last)
        for name, layer in self.named_children():  # in the order of their definition
            if layer is not self.fc:
                x = layer(x)
                yield name, x

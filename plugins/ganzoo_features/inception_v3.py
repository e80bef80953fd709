"""The graph of Inception-v3, its layers named as in the files of its weights.

It is that of Szegedy et al. 2015, figures 5 to 7 and 10, but for what TensorFlow's release of
2015-12-05 does in another way: a mean near the border is of the pixels within it, and the last
block takes a maximum where the others take a mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo_features.preparation import resized, tensorflow1

SIDE = 299


class Conv(nn.Module):
    """A convolution without bias, batch normalization, and what is positive of it."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int | tuple[int, int],
        padding: Literal["same", "valid"] = "same",
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """relu(norm(conv(x)))."""
        return relu(self.bn(self.conv(x)))


Chain = Sequence[Conv | tuple[Conv, Conv]]
"""Layers one after the other; two in a tuple work on the same, and their channels are joined."""


class Block(nn.Module):
    """Chains of layers side by side, whose channels are joined; ``branch_pool`` begins with pool.

    The layers of a chain are called NAME_1, NAME_2 and so on, two in a tuple NAME_2a and NAME_2b,
    and an only one NAME.
    """

    def __init__(self, pool: nn.Module, **chains: Chain) -> None:
        super().__init__()
        self.pool = pool
        self.chains = {
            name: [step if isinstance(step, tuple) else (step,) for step in chain]
            for name, chain in chains.items()
        }
        for name, steps in self.chains.items():
            for number, layers in enumerate(steps, 1):
                place = f"_{number}" if len(steps) > 1 else ""
                for layer, letter in zip(layers, "ab" if len(layers) > 1 else " ", strict=True):
                    self.add_module(f"{name}{place}{letter.strip()}", layer)

    def forward(self, x: Tensor) -> Tensor:
        """The channels of all chains, in their order."""
        found = []
        for name, steps in self.chains.items():
            y = self.pool(x) if name == "branch_pool" else x
            for layers in steps:
                y = torch.cat([layer(y) for layer in layers], dim=1)
            found.append(y)
        return torch.cat(found, dim=1)


def mean() -> nn.Module:
    """Means of 3 x 3 pixels, of those that lie within the border."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def maximum() -> nn.Module:
    """Maxima of 3 x 3 pixels."""
    return nn.MaxPool2d(3, stride=1, padding=1)


def halving() -> nn.Module:
    """Maxima of 3 x 3 pixels, of every other place."""
    return nn.MaxPool2d(3, stride=2)


def block_a(n: int, pooled: int) -> Block:
    """Kernels of 5 x 5 as they are, and as two of 3 x 3 (figure 5)."""
    return Block(
        mean(),
        branch1x1=[Conv(n, 64, 1)],
        branch5x5=[Conv(n, 48, 1), Conv(48, 64, 5)],
        branch3x3dbl=[Conv(n, 64, 1), Conv(64, 96, 3), Conv(96, 96, 3)],
        branch_pool=[Conv(n, pooled, 1)],
    )


def block_b(n: int) -> Block:
    """Half the size (figure 10)."""
    return Block(
        halving(),
        branch3x3=[Conv(n, 384, 3, "valid", 2)],
        branch3x3dbl=[Conv(n, 64, 1), Conv(64, 96, 3), Conv(96, 96, 3, "valid", 2)],
        branch_pool=[],
    )


def block_c(n: int, m: int) -> Block:
    """Kernels of 7 x 7 as rows and columns (figure 6), of m channels."""
    row, column = (1, 7), (7, 1)
    return Block(
        mean(),
        branch1x1=[Conv(n, 192, 1)],
        branch7x7=[Conv(n, m, 1), Conv(m, m, row), Conv(m, 192, column)],
        branch7x7dbl=[
            *(Conv(n, m, 1), Conv(m, m, column), Conv(m, m, row)),
            *(Conv(m, m, column), Conv(m, 192, row)),
        ],
        branch_pool=[Conv(n, 192, 1)],
    )


def block_d(n: int) -> Block:
    """Half the size again."""
    return Block(
        halving(),
        branch3x3=[Conv(n, 192, 1), Conv(192, 320, 3, "valid", 2)],
        branch7x7x3=[
            *(Conv(n, 192, 1), Conv(192, 192, (1, 7)), Conv(192, 192, (7, 1))),
            Conv(192, 192, 3, "valid", 2),
        ],
        branch_pool=[],
    )


def block_e(n: int, pool: nn.Module) -> Block:
    """Rows and columns side by side (figure 7)."""
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
    """The network up to its features, with random weights; ``fc``, the classifier, is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, "valid", 2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, "valid")
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.MaxPool_1 = halving()
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, "valid")
        self.MaxPool_2 = halving()
        self.Mixed_5b = block_a(192, 32)
        self.Mixed_5c = block_a(256, 64)
        self.Mixed_5d = block_a(288, 64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b = block_c(768, 128)
        self.Mixed_6c = block_c(768, 160)
        self.Mixed_6d = block_c(768, 160)
        self.Mixed_6e = block_c(768, 192)
        self.Mixed_7a = block_d(768)
        self.Mixed_7b = block_e(1280, mean())
        self.Mixed_7c = block_e(2048, maximum())
        self.fc = nn.Linear(2048, 1008)

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, 2048) of images (N, 3, H, W) in [0, 255] of any size."""
        x = (resized(images, SIDE, tensorflow1) - 128) / 128
        x = x.contiguous(memory_format=torch.channels_last)
        for layer in self.children():  # in the order in which they were set
            if layer is not self.fc:
                x = layer(x)
        return x.mean((2, 3))

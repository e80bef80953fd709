"""Layers that several architectures use."""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, linear
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.batch_rows import batch_rows, batches_in_pass
from ganzoo.contracts import ImageShape
from ganzoo.noise import layer_uniform

_EPSILON = 1e-8


class MinibatchStddev(nn.Module):
    """Concatenates a feature map: the standard deviation over a group of images.

    A group is of consecutive images of the whole batch, of all processes; its size is the largest
    divisor of the batch size up to ``group`` (Karras et al. 2017, arXiv 1710.10196, section 3).
    Networks with it have ``batch_dependent_scores``.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group
        """The largest number of images that are compared with each other."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + 1, H, W): the mean deviation over channels and pixels."""
        n, _, height, width = x.shape
        extra = torch.cat([self._extra(batch) for batch in x.chunk(batches_in_pass())])
        extra = extra.to(x.dtype).view(n, 1, 1, 1)
        return torch.cat((x, extra.expand(n, 1, height, width)), dim=1)

    def _extra(self, x: Tensor) -> Tensor:
        """The mean deviation of each image's group in a batch, (N,)."""
        rows = batch_rows()
        size = self.group_size(len(x) * rows.shard.count)
        if len(x) % size:  # a group has images of several processes
            return rows.shard.of(_deviations(rows.gather(x), size))
        return _deviations(x, size)

    def group_size(self, batch_size: int) -> int:
        """The number of images that are compared with each other in a batch of this size."""
        return next(size for size in range(self.group, 0, -1) if batch_size % size == 0)


def _deviations(x: Tensor, size: int) -> Tensor:
    """The mean deviation of each image's group of this size, (N,)."""
    precise = x.to(torch.promote_types(x.dtype, torch.float32))
    groups = precise.unflatten(0, (-1, size))  # (M, G, C, H, W)
    deviation: Tensor = (groups.var(dim=1, correction=0) + _EPSILON).sqrt().mean(dim=(1, 2, 3))
    return deviation.repeat_interleave(size)


class Dropout(nn.Dropout):
    """Sets each value to 0 with the probability ``p`` in training, and scales the others.

    As :class:`torch.nn.Dropout` (Hinton et al. 2012, arXiv 1207.0580), but one process and several
    drop the same values.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, ...) to the same shape; the mean over what is dropped is x."""
        if not self.training or self.p == 0:
            return x
        kept = layer_uniform(*x.shape, device=x.device) >= self.p
        return x * kept / (1 - self.p)


class EqualizedLinear(nn.Module):
    """A dense layer whose weights are stored as N(0, 1) / lr_multiplier and scaled when used.

    The scale is ``gain * lr_multiplier / sqrt(fan-in)``. Adam's steps of the stored weights are
    equally large in all layers, so that all layers learn at the same speed, times the multiplier
    (Karras et al. 2017, arXiv 1710.10196, section 4.1; the multiplier: Karras et al. 2019, arXiv
    1812.04948, appendix C). ``bias`` is the initial bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = 1.0,
        bias: float = 0.0,
        lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        """The stored weights, (outputs, inputs)."""
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr_multiplier))
        """The stored biases, (outputs,)."""
        self.scale = gain * lr_multiplier / sqrt(inputs)
        """The factor of the stored weights."""
        self.lr_multiplier = lr_multiplier
        """The factor of the stored biases."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        return linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class EqualizedConv(nn.Module):
    """A convolution whose weights are equalized as those of :class:`~ganzoo.EqualizedLinear`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        gain: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.weight = nn.Parameter(torch.randn(outputs, inputs, *sides))
        """The stored weights, (outputs, inputs, kernel height, kernel width)."""
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        """The biases, (outputs,), or ``None``."""
        self.scale = gain / sqrt(inputs * prod(sides))
        """The factor of the stored weights."""
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H', W')."""
        weight = self.weight * self.scale
        return conv2d(x, weight, self.bias, stride=self.stride, padding=self.padding)


class SpectralConv(nn.Conv2d):
    """A convolution with spectral norm, which is computed in float32 (Miyato et al. 2018).

    Weights start as N(0, 0.02^2).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = False,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)
        nn.init.normal_(self.weight, std=0.02)
        spectral_norm(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H', W')."""
        with torch.autocast(x.device.type, enabled=False):
            weight = self.weight
        maps: Tensor = self._conv_forward(x, weight, self.bias)
        return maps


class SpectralProjection(nn.Module):
    """A linear map from latents to the first feature maps, with spectral norm."""

    def __init__(self, inputs: int, outputs: int, shape: ImageShape) -> None:
        super().__init__()
        self.shape = (outputs, shape.height, shape.width)
        """The shape of an image's feature maps."""
        self.layer = SpectralConv(inputs, outputs * shape.height * shape.width, 1)
        """The linear map, as a 1 x 1 convolution."""

    def forward(self, latents: Tensor) -> Tensor:
        """(N, inputs) to (N, outputs, height, width)."""
        maps: Tensor = self.layer(latents[:, :, None, None]).view(-1, *self.shape)
        return maps


class SkipLayerExcitation(nn.Module):
    """Multiplies maps by factors in (0, 1), one for each channel, computed from other maps.

    Liu et al. 2021 (arXiv 2101.04775), equation 1. Means of ``pool`` x ``pool`` pixels of the other
    maps must have the size ``shape``, which is 4 x 4 in the paper.
    """

    def __init__(self, inputs: int, outputs: int, shape: ImageShape, pool: int) -> None:
        super().__init__()
        self.pool = pool
        """The side of the squares of pixels whose means are taken."""
        self.layers = nn.Sequential(
            SpectralConv(inputs, outputs, (shape.height, shape.width)),
            nn.SiLU(),
            SpectralConv(outputs, outputs, 1),
            nn.Sigmoid(),
        )
        """From the means to the factors."""

    def forward(self, other: Tensor, maps: Tensor) -> Tensor:
        """(N, inputs, H, W) and (N, outputs, H', W') to the latter's shape."""
        factors: Tensor = self.layers(avg_pool2d(other, self.pool))
        return maps * factors


def norm_layer(norm: str, channels: int) -> nn.Module:
    """The layer of the normalization that ``LossRequirements.norm`` returns.

    ``"batch"``, or ``"layer"``: the mean and variance of each image over (C, H, W), as in Gulrajani
    et al. 2017 (arXiv 1704.00028), or ``"none"``. Raises ValueError for another name.
    """
    if norm not in ("batch", "layer", "none"):
        raise ValueError(f"norm={norm!r} is unknown: choose batch, layer or none")
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if norm == "layer" else nn.Identity()

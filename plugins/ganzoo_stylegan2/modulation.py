"""Layers of the generator that styles modulate (Karras et al. 2020, section 2.2)."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

from ganzoo import EqualizedConv, EqualizedLinear, ImageShape, layer_noise
from ganzoo_stylegan2.layers import EPSILON, GAIN, Filter, at_least_float32
from ganzoo_stylegan2.noise import LatentNoise


class ModulatedConv(nn.Module):
    """A convolution with other weights for each image: w'' = s w / sqrt(sum((s w)^2) + epsilon).

    The style s has a number for each input channel (equations 1 and 3). Scaling the input by s and
    the output by the root is the same as scaling the weights, and all images share one convolution.
    With ``up``, the output is twice as large: zeros between the pixels, convolution, filter.
    Without ``demodulate``, the weights are s w. The result has the factor ``gain``.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        latent_dim: int,
        *,
        up: bool = False,
        demodulate: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.style = EqualizedLinear(latent_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / sqrt(inputs * kernel * kernel)
        self.padding = kernel // 2
        self.filter = Filter() if up else None
        self.demodulate, self.gain = demodulate, gain

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, inputs, H, W) and (N, latent_dim) to (N, outputs, H, W), or (N, outputs, 2H, 2W)."""
        style, weight = self.style(w), self.weight * self.scale
        x = x * style[:, :, None, None]
        if self.filter is None:
            x = conv2d(x, weight, padding=self.padding)
        else:
            x = conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = self.filter(x, padding=1, gain=4.0)
        if self.demodulate:
            factor = demodulation(weight, style) * self.gain
            x = x * factor[:, :, None, None].to(x.dtype)
        return x


def demodulation(weight: Tensor, style: Tensor) -> Tensor:
    """1 / sqrt(sum((s w)^2) + epsilon) of each image and output channel, (N, outputs)."""
    with torch.autocast(style.device.type, enabled=False):
        squares = at_least_float32(weight).square().sum(dim=(2, 3))
        return torch.rsqrt(at_least_float32(style).square() @ squares.T + EPSILON)


class StyledLayer(nn.Module):
    """A modulated 3 x 3 convolution, noise if there is any, bias and activation.

    In training the noise is new for each image. In evaluation it depends on the image's latent;
    ``number`` decides how.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        latent_dim: int,
        image_shape: ImageShape,
        number: int,
        *,
        up: bool,
        noise: bool,
    ) -> None:
        super().__init__()
        # gain leaky_relu(x) = leaky_relu(gain x), and the terms of x have factors already.
        self.conv = ModulatedConv(inputs, outputs, 3, latent_dim, up=up, gain=GAIN)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None
        self.shape = (1, image_shape.height, image_shape.width)
        self.latent_noise = LatentNoise(latent_dim, image_shape, number)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """The activations of the layer, (N, outputs, H, W)."""
        x = self.conv(x, w)
        if self.noise_strength is not None:
            if self.training:
                noise = layer_noise(len(x), *self.shape, device=x.device)
            else:
                noise = self.latent_noise(w)
            x = x + (noise * (self.noise_strength * GAIN)).to(x.dtype)
        return leaky_relu(x + (self.bias * GAIN)[:, None, None].to(x.dtype), 0.2)


class ToRgb(nn.Module):
    """Feature maps to the channels of an image, by a modulated 1 x 1 convolution and a bias."""

    def __init__(self, inputs: int, channels: int, latent_dim: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, channels, 1, latent_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, channels, H, W), float32 also under autocast."""
        return at_least_float32(self.conv(x, w)) + self.bias[:, None, None]


class Shortcut(nn.Module):
    """A 1 x 1 convolution whose output is upsampled."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = EqualizedConv(inputs, outputs, 1, bias=False)
        self.filter = Filter()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        return self.filter.upsample(self.conv(x))


class Block(nn.Module):
    """Two styled layers; the first doubles height and width.

    With ``residual``, an upsampled 1 x 1 convolution of the input is added.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        latent_dim: int,
        image_shape: ImageShape,
        number: int,
        *,
        residual: bool,
        noise: bool,
    ) -> None:
        super().__init__()
        rest = (latent_dim, image_shape)
        self.first = StyledLayer(inputs, outputs, *rest, number, up=True, noise=noise)
        self.second = StyledLayer(outputs, outputs, *rest, number + 1, up=False, noise=noise)
        self.shortcut = Shortcut(inputs, outputs) if residual else None

    def forward(self, x: Tensor, w: tuple[Tensor, Tensor]) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        maps: Tensor = self.second(self.first(x, w[0]), w[1])
        return maps if self.shortcut is None else (maps + self.shortcut(x)) * sqrt(0.5)

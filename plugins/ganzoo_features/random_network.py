"""A small convolutional network with fixed random weights."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, leaky_relu

from ganzoo import Options
from ganzoo_features.preparation import (
    apply_per_three_channels,
    bilinear_antialiased,
    maps_per_three_channels,
    resize,
)

_RESOLUTION = 64
_WIDTHS = (3, 32, 48, 64, 64)
"""Channels of the image and of each layer's output."""
_GRID = 4


class RandomNetwork(nn.Module):
    """464 features: statistics of an image at 64 x 64 pixels and of four random convolutions.

    They are the mean colors of a grid of 4 x 4 cells (layout), and the mean and standard deviation
    of each channel of each layer (texture at four scales). Metrics of these features rank runs on
    the same images; they are not comparable across datasets or with those of trained networks.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        weights = draw_weights()
        self.layers = nn.ParameterList(
            nn.Parameter(torch.from_numpy(array), requires_grad=False) for array in weights
        )
        self.identity = f"random-1-{_RESOLUTION}px-antialiased-{digest(weights)[:16]}"

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 464 * ceil(C / 3)), of images, uint8 (N, C, H, W)."""
        return apply_per_three_channels(self._statistics, images)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """The maps of the four convolutions, of images, float32 (N, C, H, W) in [-1, 1]."""
        return maps_per_three_channels(lambda threes: self._layers(threes)[1:], images)

    def _statistics(self, images: Tensor) -> Tensor:
        image, *maps = self._layers(images)
        statistics = [adaptive_avg_pool2d(image, _GRID).flatten(1)]
        for x in maps:
            statistics += [x.mean((2, 3)), x.std((2, 3))]
        return torch.cat(statistics, dim=1)

    def _layers(self, images: Tensor) -> list[Tensor]:
        """The resized image in [-1, 1], and the maps of each convolution."""
        x = resize(images, _RESOLUTION, bilinear_antialiased) / 127.5 - 1
        layers = [x]
        for weight in self.layers:
            layers.append(leaky_relu(conv2d(x, weight), 0.2))
            x = avg_pool2d(layers[-1], 2)
        return layers


def draw_weights() -> list[NDArray[np.float32]]:
    """Filters (out, in, 3, 3) of each layer, of variance 2 / fan-in, float32.

    They are bitwise equal on all machines: integers of Philox, multiplied once. In the first layer,
    every second filter is an edge filter: its sum is 0, and its weights are nine times as large,
    since edges have a low contrast.
    """
    philox = np.random.Philox(key=0)
    weights: list[NDArray[np.float32]] = []
    for fan_in, fan_out in pairwise(_WIDTHS):
        raw = philox.random_raw(fan_out * fan_in * 9) >> np.uint64(40)
        integers = raw.astype(np.int64).reshape(fan_out, fan_in, 3, 3) - 2**23
        if not weights:
            integers[::2] = 9 * integers[::2] - integers[::2].sum((2, 3), keepdims=True)
        # A uniform number in [-1, 1) has variance 1/3.
        weights.append((integers * np.sqrt(6 / (fan_in * 9)) / 2**23).astype(np.float32))
    return weights


def digest(weights: list[NDArray[np.float32]]) -> str:
    """The SHA-256 of all weights, little-endian."""
    return hashlib.sha256(b"".join(w.astype("<f4").tobytes() for w in weights)).hexdigest()

"""A small convolutional network of fixed random weights."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, leaky_relu

from ganzoo import Options
from ganzoo_features.preparation import antialiased, by_threes, resized

_SIDE = 64
_WIDTHS = (3, 32, 48, 64, 64)
"""Channels of the image, and after each layer."""
_GRID = 4


class RandomNetwork(nn.Module):
    """464 statistics of an image of 64 x 64 pixels and of four layers of random filters.

    They are the colors of a grid of 4 x 4 cells (layout), and the mean and spread of each channel
    of each layer (texture, at four scales). Its numbers rank runs on the same images; they say
    nothing across data sets, and are not those of a trained network.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        weights = draw_weights()
        self.layers = nn.ParameterList(
            nn.Parameter(torch.from_numpy(array), requires_grad=False) for array in weights
        )
        self.identity = f"random-1-{_SIDE}px-antialiased-{digest(weights)[:16]}"

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 464), of uint8 (N, C, H, W); 464 for each three channels."""
        return by_threes(self._statistics, images)

    def _statistics(self, images: Tensor) -> Tensor:
        x = resized(images, _SIDE, antialiased) / 127.5 - 1
        found = [adaptive_avg_pool2d(x, _GRID).flatten(1)]
        for weight in self.layers:
            x = leaky_relu(conv2d(x, weight), 0.2)
            found += [x.mean((2, 3)), x.std((2, 3))]
            x = avg_pool2d(x, 2)
        return torch.cat(found, dim=1)


def draw_weights() -> list[NDArray[np.float32]]:
    """Filters (out, in, 3, 3) of each layer, of variance 2 / fan-in: the same bits everywhere.

    They are whole numbers of Philox until the last step, which is one multiplication. In the first
    layer, every other filter is blind to plain color and nine times as strong, as edges are faint.
    """
    philox = np.random.Philox(key=0)
    weights: list[NDArray[np.float32]] = []
    for fan_in, fan_out in pairwise(_WIDTHS):
        raw = philox.random_raw(fan_out * fan_in * 9) >> np.uint64(40)
        whole = raw.astype(np.int64).reshape(fan_out, fan_in, 3, 3) - 2**23
        if not weights:
            whole[::2] = 9 * whole[::2] - whole[::2].sum((2, 3), keepdims=True)
        # A uniform number of [-1, 1) has variance 1/3.
        weights.append((whole * np.sqrt(6 / (fan_in * 9)) / 2**23).astype(np.float32))
    return weights


def digest(weights: list[NDArray[np.float32]]) -> str:
    """The SHA-256 of all weights, little-endian."""
    return hashlib.sha256(b"".join(w.astype("<f4").tobytes() for w in weights)).hexdigest()
